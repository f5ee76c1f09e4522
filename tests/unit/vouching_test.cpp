// The ledger actor's part in witnessing, on a ledger on a real disk.
#include "actors/vouching.hpp"

#include "store/cosignature.hpp"
#include "store/ledger_view.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/test_ledger.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using actors::Cosignature;
using actors::CosignWish;
using actors::Vouching;
using store::ErrorCode;

namespace {

/// Fails to keep anything if it is told to.
class Memory final : public store::WitnessMemory {
 public:
  store::Result<Notes> heads() override { return heads_; }
  store::Status keep_head(const NodeId& node,
                          const std::string& note) override {
    if (fails) return store::Error{ErrorCode::io, "the disk is broken"};
    heads_[node] = note;
    return {};
  }
  store::Status forget_head(const NodeId& node) override {
    heads_.erase(node);
    return {};
  }
  store::Result<Notes> cosigned() override { return cosigned_; }
  store::Status keep_cosigned(const NodeId& witness,
                              const std::string& note) override {
    cosigned_[witness] = note;
    return {};
  }
  store::Status forget_cosigned(const NodeId& witness) override {
    cosigned_.erase(witness);
    return {};
  }

  bool fails = false;

 private:
  Notes heads_;
  Notes cosigned_;
};

struct Node {
  Node() : ledger(must(TestLedger::found(scratch / "node"))) {
    for (int i = 0; i < 9; ++i)
      must(ledger->append(numbered_request(*ledger, 1), test_clock));
  }

  [[nodiscard]] const NodeId& id() { return ledger->position().node; }

  CosignWish wish(std::uint64_t size,
                  std::optional<store::TreeHead> after = {}) {
    store::TreeHead head{size, image(size)};
    auto text = store::checkpoint_text(other, head);
    return {other,
            key.public_key(),
            {head, key.sign(store::as_bytes(text))},
            after,
            1'000};
  }

  static Hash image(std::uint64_t size) {
    Hash root;
    root.bytes.fill(static_cast<std::uint8_t>(size));
    return root;
  }

  /// What this node signed, or would have if it had so many entries.
  store::SignedHead signed_at(std::uint64_t size) {
    if (size > ledger->position().head.size)
      return ledger->sign_head({size, image(size)});
    auto transaction = must(ledger.backend().read());
    store::LedgerView view{*transaction};
    return ledger->sign_head(
        {size, must(store::tree_root(size, view.nodes()))});
  }

  Cosignature by_other(std::uint64_t size) {
    auto transaction = must(ledger.backend().read());
    store::LedgerView view{*transaction};
    store::TreeHead head{size, must(store::tree_root(size, view.nodes()))};
    auto line = store::cosign_note(store::checkpoint_text(id(), head), other,
                                   witness_key, 1'000);
    return {head, 1'000, witness_key.public_key(),
            Signature{ByteView{line.bytes}.last<Signature::size>()}};
  }

  ScratchDirectory scratch;
  TestLedger ledger;
  std::shared_ptr<Memory> memory = std::make_shared<Memory>();
  Vouching vouching{*ledger, ledger.backend(), memory};
  NodeId other = node_of(2);
  store::SigningKey key = key_of_seed(2);
  store::SigningKey witness_key = store::witness_key_of(key);
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vouching)

BOOST_FIXTURE_TEST_CASE(growth_is_proved_from_any_size_to_any, Node) {
  auto size = ledger->position().head.size;
  for (std::uint64_t from = 1; from <= size; ++from)
    for (auto to = from; to <= size; ++to) {
      auto growth = must(vouching.grow(signed_at(from), to));
      auto transaction = must(ledger.backend().read());
      store::LedgerView view{*transaction};
      store::TreeHead newer{to, must(store::tree_root(to, view.nodes()))};
      BOOST_TEST((
          store::verify_consistency({from, growth.root}, newer, growth.proof) ==
          store::Consistency::consistent));
    }
}

BOOST_FIXTURE_TEST_CASE(what_is_not_there_yet_is_proved_as_far_as_it_goes,
                        Node) {
  auto size = ledger->position().head.size;
  BOOST_TEST(must(vouching.grow(signed_at(3), size + 5)).to == size);
}

BOOST_FIXTURE_TEST_CASE(a_ledger_that_is_shorter_says_what_it_has, Node) {
  const auto& head = ledger->position().head;
  auto growth = must(vouching.grow(signed_at(head.size + 1), head.size + 2));
  BOOST_TEST(growth.to == head.size);
  BOOST_TEST(growth.root == head.root);
  BOOST_REQUIRE(growth.signature.has_value());
  BOOST_TEST(
      store::is_signed({head, *growth.signature}, id(), ledger->public_key()));
}

/// Or else whoever asks for what is to come could show it as lost later.
BOOST_FIXTURE_TEST_CASE(nothing_is_said_of_what_this_node_did_not_sign, Node) {
  auto size = ledger->position().head.size;
  for (auto asked : {size - 1, size + 1}) {
    auto head = signed_at(asked);
    head.signature =
        key.sign(store::as_bytes(store::checkpoint_text(id(), head.head)));
    BOOST_TEST(
        (vouching.grow(head, size).error().code == ErrorCode::bad_input));
  }
}

BOOST_FIXTURE_TEST_CASE(what_is_vouched_for_is_remembered_with_a_cosignature,
                        Node) {
  auto cosignature = must(vouching.cosign(wish(5)));
  auto note = must(store::parse_note(must(memory->heads()).at(other)));
  BOOST_TEST(must(store::verify_cosignature(note, ledger->witness_key())) ==
             1'000U);
  BOOST_TEST(cosignature.key == ledger->witness_key().key());
  BOOST_TEST((must(store::read_signed_head(must(memory->heads()).at(other),
                                           other, key.public_key()))
                  .head.size == 5U));
}

BOOST_FIXTURE_TEST_CASE(what_does_not_go_on_from_what_is_remembered_is_refused,
                        Node) {
  BOOST_TEST(vouching.cosign(wish(5, wish(3).head.head)).error().code ==
             ErrorCode::version_conflict);
  must(vouching.cosign(wish(5)));
  for (auto after :
       {std::optional<store::TreeHead>{}, std::optional{wish(4).head.head}})
    BOOST_TEST((vouching.cosign(wish(9, after)).error().code ==
                ErrorCode::version_conflict));
  BOOST_TEST(vouching.cosign(wish(9, wish(5).head.head)).ok());
}

BOOST_FIXTURE_TEST_CASE(what_can_not_be_remembered_is_not_vouched_for, Node) {
  memory->fails = true;
  BOOST_TEST((vouching.cosign(wish(5)).error().code == ErrorCode::io));
  memory->fails = false;
  BOOST_TEST(vouching.cosign(wish(5)).ok());
}

BOOST_FIXTURE_TEST_CASE(what_an_earlier_life_remembered_is_gone_on_from, Node) {
  must(vouching.cosign(wish(5)));
  Vouching later{*ledger, ledger.backend(), memory};
  BOOST_TEST(
      (later.cosign(wish(9)).error().code == ErrorCode::version_conflict));
  BOOST_TEST(later.cosign(wish(9, wish(5).head.head)).ok());
}

BOOST_FIXTURE_TEST_CASE(who_is_forgotten_begins_anew, Node) {
  must(vouching.cosign(wish(5)));
  vouching.forget(other);
  BOOST_TEST(must(memory->heads()).empty());
  BOOST_TEST(vouching.cosign(wish(3)).ok());
}

BOOST_FIXTURE_TEST_CASE(what_others_vouch_for_is_kept_beside_the_checkpoint,
                        Node) {
  BOOST_TEST(vouching.take(other, by_other(4)).ok());
  auto note = must(store::parse_note(must(memory->cosigned()).at(other)));
  auto checkpoint =
      must(store::parse_checkpoint(must(memory->cosigned()).at(other)));
  BOOST_TEST(
      store::verify_checkpoint(checkpoint, id(), ledger->public_key()).ok());
  BOOST_TEST(must(store::verify_cosignature(
                 note, store::witness_verifier(
                           other, witness_key.public_key()))) == 1'000U);
}

BOOST_FIXTURE_TEST_CASE(what_is_not_of_this_ledger_is_not_kept, Node) {
  auto other_root = by_other(4);
  other_root.head.root.bytes[0] ^= 1U;
  auto too_large = by_other(4);
  too_large.head.size = 1'000;
  auto other_key = by_other(4);
  other_key.key = key.public_key();
  auto other_time = by_other(4);
  other_time.seconds += 1;
  for (const auto& wrong : {other_root, too_large, other_key, other_time})
    BOOST_TEST(!vouching.take(other, wrong).ok());
  BOOST_TEST(must(memory->cosigned()).empty());
}

BOOST_FIXTURE_TEST_CASE(without_a_memory_nobody_is_vouched_for, Node) {
  Vouching none{*ledger, ledger.backend(), nullptr};
  BOOST_TEST((none.cosign(wish(5)).error().code == ErrorCode::io));
  BOOST_TEST(!none.take(other, by_other(4)).ok());
  BOOST_TEST(!none.notes().ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
