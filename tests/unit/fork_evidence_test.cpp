// Evidence that a node forked its ledger or lost entries: what proves it, and
// that nothing else does.
#include "store/fork_evidence.hpp"

#include "schema/frame_generated.h"
#include "store/statements.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/tree_model.hpp"

namespace ppn::tests {

using store::ErrorCode;
using store::ForkEvidence;
using store::TreeHead;
using store::verify_fork_evidence;

namespace {

constexpr std::size_t largest = 20;

const Id mesh = of_hex<Id>("000102030405060708090a0b0c0d0e0f");

NodeId node_of_seed(std::uint8_t seed) {
  return store::node_id_of(key_of_seed(seed).public_key());
}

std::string note_of(const TreeHead& head) {
  return must(store::sign_checkpoint(node_of_seed(1), head, key_of_seed(1)));
}

/// The true history, and one that parts from it at leaf `at`.
MemoryTree forked_tree(std::size_t at) {
  MemoryTree tree;
  for (std::size_t i = 0; i < largest; ++i)
    tree.append(store::leaf_hash(store::big_endian(i < at ? i : i + 1000)));
  return tree;
}

/// That the history of `before` entries is not how the one of `after` began.
ForkEvidence fork_of(std::size_t before, std::size_t after) {
  auto truth = tree_of(largest);
  auto fork = forked_tree(before - 1);
  ForkEvidence evidence;
  evidence.node = node_of_seed(1);
  evidence.first = note_of(truth.head(before));
  evidence.second = note_of(fork.head(after));
  if (before == after) return evidence;
  evidence.root = fork.head(before).root;
  evidence.proof = model_proof(before, fork.first(after));
  return evidence;
}

struct GrowthSaid {
  NodeId sender = node_of_seed(1);
  NodeId of = node_of_seed(1);
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

Bytes frame_of(const GrowthSaid& said) {
  flatbuffers::FlatBufferBuilder builder;
  auto of = said.of.stored();
  auto root = Hash{}.stored();
  schema::GrowthBuilder growth{builder};
  growth.add_node(&of);
  growth.add_from(said.from);
  growth.add_to(said.to);
  growth.add_root(&root);
  auto body = growth.Finish();
  schema::FrameHead head{said.sender.stored(),
                         node_of_seed(2).stored(),
                         1,
                         2,
                         Id{}.stored(),
                         Id{}.stored(),
                         0};
  schema::FrameBuilder frame{builder};
  frame.add_head(&head);
  frame.add_body_type(schema::FrameBody::Growth);
  frame.add_body(body.Union());
  schema::FinishFrameBuffer(builder, frame.Finish());
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

/// The frame with the sender's signature behind it.
Bytes sealed(Bytes frame, std::uint8_t by = 1) {
  Bytes statement{mesh.bytes.begin(), mesh.bytes.end()};
  statement.insert(statement.end(), frame.begin(), frame.end());
  auto signature = key_of_seed(by).sign(store::frame_domain, statement);
  frame.insert(frame.end(), signature.bytes.begin(), signature.bytes.end());
  return frame;
}

ForkEvidence rollback_from(std::size_t before, std::size_t after) {
  auto truth = tree_of(largest);
  ForkEvidence evidence;
  evidence.node = node_of_seed(1);
  evidence.first = note_of(truth.head(before));
  evidence.second = note_of(truth.head(after));
  evidence.mesh = mesh;
  evidence.frame = sealed(frame_of({.from = before, .to = after}));
  return evidence;
}

ForkEvidence read_again(const ForkEvidence& evidence) {
  return must(store::decode_fork_evidence(store::encode(evidence)));
}

auto verdict_on(const ForkEvidence& evidence) {
  return verify_fork_evidence(evidence, key_of_seed(1).public_key());
}

auto proves(const ForkEvidence& evidence) {
  return verdict_on(read_again(evidence)).ok();
}

auto is_refused(const ForkEvidence& evidence) {
  return is_error(verdict_on(read_again(evidence)), ErrorCode::damaged);
}

std::vector<ForkEvidence> one_of_each() {
  return {fork_of(7, 7), fork_of(7, 12), fork_of(8, 12), rollback_from(12, 7)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fork_evidence)

// -- what proves -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(two_roots_of_one_size_prove_a_fork) {
  for (std::size_t size = 1; size <= largest; ++size)
    BOOST_TEST(proves(fork_of(size, size)), size);
}

BOOST_AUTO_TEST_CASE(a_larger_tree_that_did_not_grow_from_it_proves_a_fork) {
  for (std::size_t before = 1; before < largest; ++before)
    for (auto after = before + 1; after <= largest; ++after)
      BOOST_TEST(proves(fork_of(before, after)), before << " -> " << after);
}

BOOST_AUTO_TEST_CASE(a_node_that_says_it_has_less_proves_a_rollback) {
  BOOST_TEST(proves(rollback_from(12, 7)));
  BOOST_TEST(proves(rollback_from(12, 0)));
}

BOOST_AUTO_TEST_CASE(cosignatures_on_the_notes_do_no_harm) {
  auto evidence = fork_of(7, 12);
  evidence.first += "— witness AAAAAAA=\n";
  BOOST_TEST(proves(evidence));
}

BOOST_AUTO_TEST_CASE(evidence_is_read_as_it_was_written) {
  for (const auto& evidence : one_of_each()) {
    auto again = read_again(evidence);
    BOOST_TEST(again.node == evidence.node);
    BOOST_TEST(again.first == evidence.first);
    BOOST_TEST(again.second == evidence.second);
    BOOST_TEST(again.root == evidence.root);
    BOOST_TEST((again.proof == evidence.proof));
    BOOST_TEST(again.mesh == evidence.mesh);
    BOOST_TEST((again.frame == evidence.frame));
  }
}

// -- who is honest -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(honest_growth_proves_nothing) {
  auto truth = tree_of(largest);
  for (std::size_t before = 1; before < largest; ++before) {
    for (auto after = before; after <= largest; ++after) {
      ForkEvidence evidence;
      evidence.node = node_of_seed(1);
      evidence.first = note_of(truth.head(before));
      evidence.second = note_of(truth.head(after));
      evidence.proof = model_proof(before, truth.first(after));
      evidence.root = truth.head(before).root;
      BOOST_TEST(is_refused(evidence), before << " -> " << after);
      evidence.root = with_bit_flipped(evidence.root, 3);
      BOOST_TEST(is_refused(evidence), before << " -> " << after);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_proof_of_another_tree_proves_nothing) {
  auto truth = tree_of(largest);
  for (std::size_t before = 1; before < largest; ++before) {
    auto evidence = fork_of(before, largest);
    evidence.second = note_of(truth.head(largest));
    BOOST_TEST(is_refused(evidence), before);
  }
}

BOOST_AUTO_TEST_CASE(a_ledger_that_was_empty_may_become_anything) {
  auto evidence = fork_of(1, 7);
  evidence.first = note_of({0, store::sha256({})});
  BOOST_TEST(is_refused(evidence));
  evidence.proof.clear();
  BOOST_TEST(is_refused(evidence));
  evidence.root = store::sha256({});
  BOOST_TEST(is_refused(evidence));
}

BOOST_AUTO_TEST_CASE(an_older_checkpoint_alone_is_no_rollback) {
  auto evidence = rollback_from(12, 7);
  evidence.frame.clear();
  BOOST_TEST(is_refused(evidence));
}

BOOST_AUTO_TEST_CASE(a_frame_that_says_something_else_is_no_rollback) {
  for (const auto& said :
       std::vector<GrowthSaid>{{.from = 11, .to = 7},
                               {.from = 12, .to = 8},
                               {.from = 7, .to = 12},
                               {.sender = node_of_seed(2), .from = 12, .to = 7},
                               {.of = node_of_seed(2), .from = 12, .to = 7}}) {
    auto evidence = rollback_from(12, 7);
    evidence.frame = sealed(frame_of(said));
    BOOST_TEST(is_refused(evidence));
  }
}

BOOST_AUTO_TEST_CASE(a_frame_of_another_mesh_or_author_is_no_rollback) {
  auto evidence = rollback_from(12, 7);
  evidence.mesh = Id{};
  BOOST_TEST(is_refused(evidence));
  evidence = rollback_from(12, 7);
  evidence.frame = sealed(frame_of({.from = 12, .to = 7}), 2);
  BOOST_TEST(is_refused(evidence));
}

BOOST_AUTO_TEST_CASE(signed_bytes_that_are_no_frame_are_no_rollback) {
  auto seed = seed_or(20261201);
  Random random{seed};
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes junk(size);
    for (auto& byte : junk) byte = static_cast<std::uint8_t>(random.next());
    auto evidence = rollback_from(12, 7);
    evidence.frame = sealed(junk);
    BOOST_TEST(is_refused(evidence), "PPN_TEST_SEED=" << seed);
  }
  auto frame = frame_of({.from = 12, .to = 7});
  for (std::size_t size = 0; size < frame.size(); ++size) {
    auto evidence = rollback_from(12, 7);
    evidence.frame = sealed({frame.begin(), frame.begin() + long(size)});
    BOOST_TEST(is_refused(evidence), size);
  }
}

// -- damage ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(evidence_needs_the_key_of_the_node) {
  for (const auto& evidence : one_of_each())
    BOOST_TEST(
        is_error(verify_fork_evidence(evidence, key_of_seed(2).public_key()),
                 ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_node_is_no_evidence) {
  auto truth = tree_of(largest);
  auto of_another = must(
      store::sign_checkpoint(node_of_seed(2), truth.head(9), key_of_seed(1)));
  for (auto evidence : one_of_each()) {
    auto changed = evidence;
    changed.first = of_another;
    BOOST_TEST(is_refused(changed));
    changed = evidence;
    changed.second = of_another;
    BOOST_TEST(is_refused(changed));
    changed = evidence;
    changed.node = node_of_seed(2);
    BOOST_TEST(is_refused(changed));
  }
}

BOOST_AUTO_TEST_CASE(an_altered_note_is_no_evidence) {
  for (const auto& evidence : one_of_each()) {
    for (std::size_t bit = 0; bit < evidence.first.size() * 8; bit += 5) {
      auto changed = evidence;
      changed.first = with_bit_flipped(evidence.first, bit);
      BOOST_TEST(!verdict_on(changed).ok(), bit);
    }
    auto changed = evidence;
    std::swap(changed.first, changed.second);
    bool same_size = evidence.proof.empty() && evidence.frame.empty();
    BOOST_TEST(proves(changed) == same_size);
  }
}

BOOST_AUTO_TEST_CASE(an_altered_proof_is_no_evidence) {
  for (const auto& valid : {fork_of(7, 12), fork_of(8, 12), fork_of(16, 20)}) {
    auto changed = valid;
    changed.root = with_bit_flipped(changed.root, 100);
    BOOST_TEST(is_refused(changed));
    changed = valid;
    changed.root = Hash{};
    BOOST_TEST(is_refused(changed));
    changed = valid;
    changed.proof.pop_back();
    BOOST_TEST(is_refused(changed));
    changed = valid;
    changed.proof.push_back(Hash{});
    BOOST_TEST(is_refused(changed));
    for (std::size_t i = 0; i < valid.proof.size(); ++i) {
      changed = valid;
      changed.proof[i] = with_bit_flipped(changed.proof[i], 17);
      BOOST_TEST(is_refused(changed), i);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_altered_frame_is_no_evidence) {
  auto valid = rollback_from(12, 7);
  for (std::size_t bit = 0; bit < valid.frame.size() * 8; ++bit) {
    auto changed = valid;
    changed.frame = with_bit_flipped(valid.frame, bit);
    BOOST_TEST(is_refused(changed), bit);
  }
  for (std::size_t size = 0; size < valid.frame.size(); ++size) {
    auto changed = valid;
    changed.frame.resize(size);
    BOOST_TEST(is_refused(changed), size);
  }
}

// -- bytes from anywhere -----------------------------------------------------

// What still proves it says the same as before.
void check_says_the_same(ByteView bytes, const ForkEvidence& evidence) {
  auto read = store::decode_fork_evidence(bytes);
  if (!read || !verdict_on(*read)) return;
  BOOST_TEST(read->node == evidence.node);
  BOOST_TEST(read->first == evidence.first);
  BOOST_TEST(read->second == evidence.second);
}

BOOST_AUTO_TEST_CASE(evidence_that_is_cut_short_proves_nothing_else) {
  for (const auto& evidence : one_of_each()) {
    auto bytes = store::encode(evidence);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      check_says_the_same(ByteView{bytes}.first(size), evidence);
    BOOST_TEST(
        !store::decode_fork_evidence(ByteView{bytes}.first(bytes.size() / 2)));
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_proves_nothing_else) {
  for (const auto& evidence : one_of_each()) {
    auto bytes = store::encode(evidence);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit)
      check_says_the_same(with_bit_flipped(bytes, bit), evidence);
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_are_no_evidence) {
  auto seed = seed_or(20261202);
  Random random{seed};
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(random.below(300));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    if (bytes.size() >= 8 && i % 2 == 0)
      std::copy_n("PPNV", 4, bytes.begin() + 4);
    auto read = store::decode_fork_evidence(bytes);
    BOOST_TEST((!read || !verdict_on(*read)), "PPN_TEST_SEED=" << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
