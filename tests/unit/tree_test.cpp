// The Merkle tree: its hashes, its growth and the proofs that it makes.
#include "store/tree.hpp"

#include <bit>

#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/tree_model.hpp"
#include "tests/unit/vectors.hpp"

namespace ppn::tests {

using boost::test_tools::per_element;
using store::as_bytes;
using store::Error;
using store::ErrorCode;
using store::Frontier;
using store::NodeAddress;
using store::Proof;
using store::Result;

namespace {

/// Shown when a check fails that random choices led to.
std::string how_to_run_again(std::uint64_t seed) {
  return "run again with PPN_TEST_SEED=" + std::to_string(seed);
}

MemoryTree published_tree() {
  MemoryTree tree;
  for (const auto& leaf : vectors::leaves)
    tree.append(store::leaf_hash(bytes_of_hex(leaf.input)));
  return tree;
}

template <std::size_t Size, class Decode>
Proof published_proof(const std::array<std::string_view, Size>& hashes,
                      Decode decode) {
  Proof proof;
  for (auto hash : hashes)
    if (!hash.empty()) proof.push_back(decode(hash));
  return proof;
}

Proof proof_of(const vectors::InclusionCase& published) {
  return published_proof(published.hashes, of_hex<Hash>);
}

Proof proof_of(const vectors::ConsistencyCase& published) {
  return published_proof(published.hashes, of_base64<Hash>);
}

/// A tree whose leaves are all the same can be of any size: its nodes differ by
/// level only.
class UniformTree {
 public:
  UniformTree() {
    levels_.push_back(store::leaf_hash({}));
    while (levels_.size() < 64)
      levels_.push_back(store::node_hash(levels_.back(), levels_.back()));
  }

  [[nodiscard]] const Hash& leaf() const { return levels_.front(); }
  [[nodiscard]] store::NodeReader reader() const {
    return [this](const NodeAddress& node) -> Result<Hash> {
      return levels_.at(node.level);
    };
  }
  [[nodiscard]] store::TreeHead head(std::uint64_t size) const {
    return {size, must(store::tree_root(size, reader()))};
  }

 private:
  std::vector<Hash> levels_;
};

Result<Hash> broken_reader(const NodeAddress&) {
  return Error{ErrorCode::io, "broken"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tree)

BOOST_AUTO_TEST_CASE(leaves_hash_as_published) {
  for (const auto& leaf : vectors::leaves)
    BOOST_TEST(store::leaf_hash(bytes_of_hex(leaf.input)).hex() == leaf.hash);
  BOOST_TEST(store::leaf_hash(as_bytes("L123456")).hex() ==
             vectors::leaf_of_l123456);
  BOOST_TEST(store::leaf_hash(as_bytes("hello world")) ==
             of_base64<Hash>(vectors::leaf_of_hello_world));
}

BOOST_AUTO_TEST_CASE(nodes_hash_with_the_published_prefix) {
  BOOST_TEST(store::sha256(as_bytes("\x01N123N456")).hex() ==
             vectors::node_of_n123_n456);
  auto left = store::sha256(as_bytes("left"));
  auto right = store::sha256(as_bytes("right"));
  auto joined = "01" + left.hex() + right.hex();
  BOOST_TEST(store::node_hash(left, right) ==
             store::sha256(bytes_of_hex(joined)));
}

BOOST_AUTO_TEST_CASE(a_hash_goes_on_after_it_was_read) {
  store::Sha256 hash;
  hash.update(as_bytes("one"));
  BOOST_TEST(hash.finish() == store::sha256(as_bytes("one")));
  BOOST_TEST(hash.update(as_bytes("two")).finish() ==
             store::sha256(as_bytes("onetwo")));
}

BOOST_AUTO_TEST_CASE(roots_are_as_published) {
  auto tree = published_tree();
  for (std::size_t size = 0; size < std::size(vectors::roots); ++size) {
    BOOST_TEST_CONTEXT("size " << size) {
      Frontier frontier;
      for (const auto& leaf : tree.first(size))
        frontier.append(leaf, [](const Hash&) {});
      BOOST_TEST(frontier.root().hex() == vectors::roots[size]);
      BOOST_TEST(must(store::tree_root(size, tree.reader())).hex() ==
                 vectors::roots[size]);
    }
  }
}

BOOST_AUTO_TEST_CASE(inclusion_proofs_are_as_published) {
  auto tree = published_tree();
  for (const auto& published : vectors::inclusion_proofs) {
    BOOST_TEST_CONTEXT("index " << published.index << " of "
                                << published.size) {
      auto proof = must(store::prove_inclusion(published.index, published.size,
                                               tree.reader()));
      BOOST_TEST(proof == proof_of(published), per_element());
      auto root = of_hex<Hash>(vectors::roots[published.size]);
      BOOST_TEST(store::verify_inclusion(tree.leaves()[published.index],
                                         published.index,
                                         {published.size, root}, proof));
    }
  }
}

BOOST_AUTO_TEST_CASE(consistency_proofs_are_as_published) {
  auto tree = published_tree();
  for (const auto& published : vectors::consistency_proofs) {
    auto old_size = published.old_size;
    auto size = published.size;
    BOOST_TEST_CONTEXT(old_size << " -> " << size) {
      auto proof =
          must(store::prove_consistency(old_size, size, tree.reader()));
      BOOST_TEST(proof == proof_of(published), per_element());
      store::TreeHead older{old_size, of_hex<Hash>(vectors::roots[old_size])};
      store::TreeHead newer{size, of_hex<Hash>(vectors::roots[size])};
      BOOST_TEST(store::verify_consistency(older, newer, proof) ==
                 store::Consistency::consistent);
    }
  }
}

BOOST_AUTO_TEST_CASE(each_leaf_stores_the_nodes_it_completes) {
  Frontier frontier;
  for (std::uint64_t sequence = 0; sequence < 300; ++sequence) {
    std::size_t stored = 0;
    frontier.append(store::leaf_hash({}), [&](const Hash&) {
      auto level = static_cast<std::uint8_t>(stored++);
      NodeAddress node{level, sequence >> level};
      if (store::completing_leaf(node) != sequence)
        BOOST_ERROR("leaf " << sequence << ", level " << stored);
    });
    BOOST_TEST(stored == store::nodes_completed_by(sequence));
  }
}

BOOST_AUTO_TEST_CASE(a_frontier_covers_all_leaves_from_left_to_right) {
  for (std::uint64_t size : {0U, 1U, 2U, 3U, 6U, 7U, 8U, 1000U, 4095U, 4096U}) {
    std::uint64_t end = 0;
    for (const auto& node : store::frontier_of(size)) {
      BOOST_TEST((node.index << node.level) == end);
      end = store::completing_leaf(node) + 1;
    }
    BOOST_TEST(end == size);
    BOOST_TEST(store::frontier_of(size).size() ==
               static_cast<std::size_t>(std::popcount(size)));
  }
}

BOOST_AUTO_TEST_CASE(a_frontier_goes_on_from_its_nodes) {
  auto tree = tree_of(100);
  for (std::size_t size = 0; size <= 100; ++size) {
    std::vector<Hash> nodes;
    for (const auto& node : store::frontier_of(size))
      nodes.push_back(must(tree.reader()(node)));
    Frontier frontier{size, nodes};
    BOOST_TEST(frontier.root() == model_root(tree.first(size)));
    for (const auto& leaf : tree.leaves().subspan(size))
      frontier.append(leaf, [](const Hash&) {});
    BOOST_TEST(frontier.size() == 100U);
    BOOST_TEST(frontier.root() == tree.frontier().root());
  }
}

BOOST_AUTO_TEST_CASE(roots_and_proofs_are_those_of_the_rfc) {
  auto seed = seed_or(20260101);
  Random random{seed};
  BOOST_TEST_CONTEXT(how_to_run_again(seed)) {
    auto tree = tree_of(1 + random.below(2500));
    for (int round = 0; round < 200; ++round) {
      auto size = 1 + random.below(tree.leaves().size());
      auto index = random.below(size);
      auto old_size = 1 + random.below(size);
      auto leaves = tree.first(size);
      auto reader = tree.reader();
      BOOST_TEST_INFO("size " << size << ", index " << index << ", old size "
                              << old_size);
      bool agrees = must(store::tree_root(size, reader)) ==
                        model_root(leaves) &&
                    must(store::prove_inclusion(index, size, reader)) ==
                        model_path(index, leaves) &&
                    must(store::prove_consistency(old_size, size, reader)) ==
                        model_proof(old_size, leaves);
      BOOST_TEST(agrees);
    }
    BOOST_TEST(tree.frontier().root() == model_root(tree.leaves()));
  }
}

BOOST_AUTO_TEST_CASE(proofs_hold_in_trees_of_any_size) {
  auto seed = seed_or(20260102);
  Random random{seed};
  UniformTree tree;
  BOOST_TEST_CONTEXT(how_to_run_again(seed)) {
    for (int round = 0; round < 300; ++round) {
      auto size = (random.next() >> random.below(64)) | 1U;
      if (round == 0) size = ~std::uint64_t{0};
      auto index = round == 0 ? size - 1 : random.below(size);
      auto old_size = index + 1;
      BOOST_TEST_INFO("size " << size << ", index " << index);
      auto inclusion = must(store::prove_inclusion(index, size, tree.reader()));
      BOOST_TEST(store::verify_inclusion(tree.leaf(), index, tree.head(size),
                                         inclusion));
      auto consistency =
          must(store::prove_consistency(old_size, size, tree.reader()));
      BOOST_TEST(store::verify_consistency(tree.head(old_size), tree.head(size),
                                           consistency) ==
                 store::Consistency::consistent);
    }
  }
}

BOOST_AUTO_TEST_CASE(there_is_no_proof_for_a_leaf_beyond_the_end) {
  auto tree = tree_of(9);
  for (std::uint64_t size : {0U, 1U, 8U, 9U})
    for (auto index : {size, size + 1, ~std::uint64_t{0}})
      BOOST_TEST(is_error(store::prove_inclusion(index, size, tree.reader()),
                          ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(there_is_no_proof_from_an_empty_or_a_larger_tree) {
  auto tree = tree_of(9);
  for (std::uint64_t old_size : {0U, 9U, 10U})
    BOOST_TEST(is_error(store::prove_consistency(old_size, 8, tree.reader()),
                        ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(what_can_not_be_read_is_said) {
  BOOST_TEST(is_error(store::tree_root(5, broken_reader), ErrorCode::io));
  BOOST_TEST(
      is_error(store::prove_inclusion(2, 5, broken_reader), ErrorCode::io));
  BOOST_TEST(
      is_error(store::prove_consistency(3, 5, broken_reader), ErrorCode::io));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
