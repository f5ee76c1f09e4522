// Checking proofs: each valid one holds, and nothing that was made of it by
// altering one thing does.
#include "store/tree.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/tree_model.hpp"

namespace ppn::tests {

using store::Consistency;
using store::Proof;
using store::TreeHead;

namespace {

constexpr std::size_t largest_tree = 64;
/// Of trees that all other places are claimed for.
constexpr std::size_t largest_false = 20;
constexpr std::size_t hash_bits = Hash::size * 8;

struct InclusionClaim {
  Hash leaf;
  std::uint64_t index = 0;
  TreeHead head;
  Proof proof;

  bool operator==(const InclusionClaim&) const = default;

  [[nodiscard]] bool holds() const {
    return store::verify_inclusion(leaf, index, head, proof);
  }
};

struct ConsistencyClaim {
  TreeHead older;
  TreeHead newer;
  Proof proof;

  bool operator==(const ConsistencyClaim&) const = default;

  [[nodiscard]] bool holds() const {
    return store::verify_consistency(older, newer, proof) ==
           Consistency::consistent;
  }
};

InclusionClaim inclusion_claim(const MemoryTree& tree, std::size_t index,
                               std::size_t size) {
  return {tree.leaves()[index], index, tree.head(size),
          model_path(index, tree.first(size))};
}

ConsistencyClaim consistency_claim(const MemoryTree& tree, std::size_t old_size,
                                   std::size_t size) {
  return {tree.head(old_size), tree.head(size),
          model_proof(old_size, tree.first(size))};
}

/// Claims that differ from a valid one, and how many of them there were.
template <class Claim>
class Refusals {
 public:
  explicit Refusals(Claim valid) : valid_(std::move(valid)) {}

  void expect(const char* alteration, const Claim& altered) {
    if (altered == valid_) return;
    ++count_;
    if (altered.holds()) BOOST_ERROR("accepted: " << alteration);
  }

  void expect(const char* alteration, const Proof& proof) {
    auto altered = valid_;
    altered.proof = proof;
    expect(alteration, altered);
  }

  [[nodiscard]] const Claim& valid() const { return valid_; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  Claim valid_;
  std::size_t count_ = 0;
};

template <class Claim>
void shorten_and_lengthen(Refusals<Claim>& refusals, Random& random) {
  const auto& valid = refusals.valid().proof;
  auto junk = store::sha256(store::big_endian(random.next()));
  refusals.expect("no proof at all", Proof{});
  for (const auto& extra :
       {junk, Hash{}, refusals.valid().proof.empty() ? junk : valid.front()}) {
    auto longer = valid;
    longer.insert(longer.begin(), extra);
    refusals.expect("a hash more in front", longer);
    longer = valid;
    longer.push_back(extra);
    refusals.expect("a hash more at the end", longer);
  }
  if (valid.empty()) return;
  refusals.expect("the first hash missing",
                  Proof{valid.begin() + 1, valid.end()});
  refusals.expect("the last hash missing",
                  Proof{valid.begin(), valid.end() - 1});
}

template <class Claim>
void alter_hashes(Refusals<Claim>& refusals, Random& random) {
  const auto& valid = refusals.valid().proof;
  if (valid.empty()) return;
  for (std::size_t i = 1; i < valid.size(); ++i) {
    auto swapped = valid;
    std::swap(swapped[i - 1], swapped[i]);
    refusals.expect("two hashes swapped", swapped);
  }
  auto chosen = random.below(valid.size());
  for (std::size_t bit = 0; bit < hash_bits; ++bit) {
    auto flipped = valid;
    flipped[chosen] = with_bit_flipped(flipped[chosen], bit);
    refusals.expect("a bit of the proof flipped", flipped);
  }
}

void alter_leaf_and_head(Refusals<InclusionClaim>& refusals, Random& random) {
  auto altered = refusals.valid();
  altered.leaf = with_bit_flipped(altered.leaf, random.below(hash_bits));
  refusals.expect("another leaf", altered);
  altered = refusals.valid();
  altered.head.root =
      with_bit_flipped(altered.head.root, random.below(hash_bits));
  refusals.expect("another root", altered);
  altered = refusals.valid();
  altered.head.root = store::sha256({});
  refusals.expect("the root of the empty tree", altered);
  altered = refusals.valid();
  std::swap(altered.leaf, altered.head.root);
  refusals.expect("leaf and root swapped", altered);
}

void alter_heads(Refusals<ConsistencyClaim>& refusals, Random& random) {
  auto altered = refusals.valid();
  altered.older.root =
      with_bit_flipped(altered.older.root, random.below(hash_bits));
  refusals.expect("another older root", altered);
  altered = refusals.valid();
  altered.newer.root =
      with_bit_flipped(altered.newer.root, random.below(hash_bits));
  refusals.expect("another newer root", altered);
  altered = refusals.valid();
  std::swap(altered.older.root, altered.newer.root);
  refusals.expect("roots swapped", altered);
  altered = refusals.valid();
  std::swap(altered.older, altered.newer);
  refusals.expect("heads swapped", altered);
  altered = refusals.valid();
  altered.newer = altered.older;
  refusals.expect("the older head twice", altered);
}

/// Calls `visit` for all pairs 1 <= a <= b <= largest.
template <class Visit>
void for_all_pairs(std::size_t largest, Visit visit) {
  for (std::size_t b = 1; b <= largest; ++b)
    for (std::size_t a = 1; a <= b; ++a) visit(a, b);
}

/// Calls `visit` for all pairs of numbers up to `largest`.
template <class Visit>
void for_all_places(std::size_t largest, Visit visit) {
  for (std::size_t a = 0; a <= largest; ++a)
    for (std::size_t b = 0; b <= largest; ++b) visit(a, b);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proof)

BOOST_AUTO_TEST_CASE(every_inclusion_proof_holds) {
  auto tree = tree_of(largest_tree);
  for_all_pairs(largest_tree, [&](auto a, auto size) {
    BOOST_TEST_INFO("index " << a - 1 << ", size " << size);
    BOOST_TEST(inclusion_claim(tree, a - 1, size).holds());
  });
}

BOOST_AUTO_TEST_CASE(every_consistency_proof_holds) {
  auto tree = tree_of(largest_tree);
  for_all_pairs(largest_tree, [&](auto old_size, auto size) {
    BOOST_TEST_INFO(old_size << " -> " << size);
    BOOST_TEST(consistency_claim(tree, old_size, size).holds());
  });
}

BOOST_AUTO_TEST_CASE(no_altered_inclusion_proof_holds) {
  auto tree = tree_of(largest_tree);
  auto seed = seed_or(20260103);
  Random random{seed};
  std::size_t tried = 0;
  for_all_pairs(largest_tree, [&](auto a, auto size) {
    BOOST_TEST_CONTEXT("index " << a - 1 << ", size " << size
                                << ", PPN_TEST_SEED=" << seed) {
      Refusals refusals{inclusion_claim(tree, a - 1, size)};
      shorten_and_lengthen(refusals, random);
      alter_hashes(refusals, random);
      alter_leaf_and_head(refusals, random);
      tried += refusals.count();
    }
  });
  BOOST_TEST(tried > 2'000U * hash_bits);
}

BOOST_AUTO_TEST_CASE(no_altered_consistency_proof_holds) {
  auto tree = tree_of(largest_tree);
  auto seed = seed_or(20260104);
  Random random{seed};
  std::size_t tried = 0;
  for_all_pairs(largest_tree, [&](auto old_size, auto size) {
    BOOST_TEST_CONTEXT(old_size << " -> " << size
                                << ", PPN_TEST_SEED=" << seed) {
      Refusals refusals{consistency_claim(tree, old_size, size)};
      shorten_and_lengthen(refusals, random);
      alter_hashes(refusals, random);
      alter_heads(refusals, random);
      tried += refusals.count();
    }
  });
  BOOST_TEST(tried > 1'900U * hash_bits);
}

BOOST_AUTO_TEST_CASE(an_inclusion_proof_holds_at_no_other_index) {
  auto tree = tree_of(largest_tree);
  for_all_pairs(largest_tree, [&](auto a, auto size) {
    auto valid = inclusion_claim(tree, a - 1, size);
    for (std::uint64_t index = 0; index <= size + 1; ++index) {
      auto moved = valid;
      moved.index = index;
      if (moved.holds() != (index == valid.index))
        BOOST_ERROR("proof of " << a - 1 << " in " << size << " at " << index);
    }
  });
}

BOOST_AUTO_TEST_CASE(an_inclusion_proof_holds_for_no_other_head) {
  auto tree = tree_of(largest_tree + 1);
  for_all_pairs(largest_tree, [&](auto a, auto size) {
    auto valid = inclusion_claim(tree, a - 1, size);
    for (auto other : {size - 1, size + 1}) {
      auto moved = valid;
      moved.head = tree.head(other);
      if (moved.holds())
        BOOST_ERROR("proof of " << a - 1 << " in " << size << " for " << other);
    }
  });
}

// RFC 9162 binds no size beyond the sides of the path: a root with a size that
// no log ever signed for it may pass. That is why heads come signed.
BOOST_AUTO_TEST_CASE(a_false_place_passes_only_where_the_path_is_the_same) {
  auto tree = tree_of(largest_false);
  for_all_pairs(largest_false, [&](auto a, auto size) {
    auto index = a - 1;
    auto valid = inclusion_claim(tree, index, size);
    auto sides = inclusion_sides(index, size);
    for_all_places(largest_false + 1, [&](auto false_index, auto false_size) {
      auto moved = valid;
      moved.index = false_index;
      moved.head.size = false_size;
      bool same = false_index < false_size &&
                  inclusion_sides(false_index, false_size) == sides;
      if (moved.holds() != same)
        BOOST_ERROR("proof of " << index << " in " << size << " for "
                                << false_index << " in " << false_size);
    });
  });
}

BOOST_AUTO_TEST_CASE(a_consistency_proof_holds_for_no_other_heads) {
  auto tree = tree_of(largest_tree + 1);
  for_all_pairs(largest_tree, [&](auto old_size, auto size) {
    auto valid = consistency_claim(tree, old_size, size);
    for (auto other : {old_size - 1, old_size + 1}) {
      auto moved = valid;
      moved.older = tree.head(other);
      if (moved.holds())
        BOOST_ERROR(old_size << " -> " << size << " from " << other);
    }
    for (auto other : {size - 1, size + 1}) {
      auto moved = valid;
      moved.newer = tree.head(other);
      if (moved.holds())
        BOOST_ERROR(old_size << " -> " << size << " to " << other);
    }
  });
}

BOOST_AUTO_TEST_CASE(false_sizes_pass_only_where_the_path_is_the_same) {
  auto tree = tree_of(largest_false);
  for_all_pairs(largest_false, [&](auto old_size, auto size) {
    if (old_size == size) return;
    auto valid = consistency_claim(tree, old_size, size);
    auto sides = consistency_sides(old_size, size);
    for_all_places(largest_false + 1, [&](auto false_old, auto false_size) {
      auto moved = valid;
      moved.older.size = false_old;
      moved.newer.size = false_size;
      bool same = false_old > 0 && false_old < false_size &&
                  consistency_sides(false_old, false_size) == sides;
      if (moved.holds() != same)
        BOOST_ERROR(old_size << " -> " << size << " as " << false_old << " -> "
                             << false_size);
    });
  });
}

BOOST_AUTO_TEST_CASE(equal_heads_need_no_proof_and_take_none) {
  auto head = tree_of(5).head(5);
  BOOST_TEST(store::verify_consistency(head, head, {}) ==
             Consistency::consistent);
  BOOST_TEST(store::verify_consistency(head, head, {Hash{}}) ==
             Consistency::inconsistent);
}

BOOST_AUTO_TEST_CASE(one_size_has_one_root) {
  auto tree = tree_of(5);
  TreeHead other{5, tree.head(4).root};
  BOOST_TEST(store::verify_consistency(tree.head(5), other, {}) ==
             Consistency::inconsistent);
}

BOOST_AUTO_TEST_CASE(a_larger_tree_is_no_prefix) {
  auto tree = tree_of(5);
  BOOST_TEST(store::verify_consistency(tree.head(5), tree.head(4), {}) ==
             Consistency::inconsistent);
}

BOOST_AUTO_TEST_CASE(consistency_with_the_empty_tree_is_vacuous) {
  auto tree = tree_of(5);
  for (std::size_t size = 0; size <= 5; ++size)
    BOOST_TEST(store::verify_consistency(tree.head(0), tree.head(size), {}) ==
               Consistency::vacuous);
}

BOOST_AUTO_TEST_CASE(the_empty_tree_has_its_own_root_and_no_proof) {
  auto tree = tree_of(5);
  TreeHead false_empty{0, tree.head(5).root};
  BOOST_TEST(store::verify_consistency(false_empty, tree.head(5), {}) ==
             Consistency::inconsistent);
  BOOST_TEST(store::verify_consistency(tree.head(0), tree.head(5), {Hash{}}) ==
             Consistency::inconsistent);
}

BOOST_AUTO_TEST_CASE(two_empty_trees_have_one_root) {
  TreeHead empty{0, store::sha256({})};
  TreeHead false_empty{0, Hash{}};
  BOOST_TEST(store::verify_consistency(empty, false_empty, {}) ==
             Consistency::inconsistent);
}

BOOST_AUTO_TEST_CASE(nothing_is_in_the_empty_tree) {
  TreeHead empty{0, store::sha256({})};
  BOOST_TEST(!store::verify_inclusion(empty.root, 0, empty, {}));
}

BOOST_AUTO_TEST_CASE(an_endless_proof_is_refused) {
  auto most = ~std::uint64_t{0};
  Proof proof{1000, Hash{}};
  BOOST_TEST(!store::verify_inclusion(Hash{}, most - 1, {most, Hash{}}, proof));
  BOOST_TEST(store::verify_consistency({most - 1, Hash{}}, {most, Hash{}},
                                       proof) == Consistency::inconsistent);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
