// Proofs in the tree, held against the recursive definitions of RFC 9162: a
// proof fits the one root that they make of it, and no other.
#include <bit>

#include "store/hash.hpp"
#include "store/tree.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

using store::Consistency;

/// The hashes of a proof from its end; marks it bad if there are too few.
class FromBack {
 public:
  explicit FromBack(const store::Proof& proof) : left_(proof) {}

  Hash take() {
    if (left_.empty()) {
      too_few_ = true;
      return {};
    }
    auto hash = left_.back();
    left_.pop_back();
    return hash;
  }

  [[nodiscard]] bool used_up() const { return left_.empty() && !too_few_; }

 private:
  store::Proof left_;
  bool too_few_ = false;
};

std::uint64_t left_size(std::uint64_t size) { return std::bit_floor(size - 1); }

/// Section 2.1.3.1 backwards.
Hash root_of_inclusion(const Hash& leaf, std::uint64_t index,
                       std::uint64_t size, FromBack& proof) {
  if (size == 1) return leaf;
  auto sibling = proof.take();
  auto left = left_size(size);
  if (index < left)
    return store::node_hash(root_of_inclusion(leaf, index, left, proof),
                            sibling);
  return store::node_hash(
      sibling, root_of_inclusion(leaf, index - left, size - left, proof));
}

struct Roots {
  Hash older;
  Hash newer;
};

/// Section 2.1.4.1 backwards; `known` is the older root while it is on the left
/// edge.
Roots roots_of_consistency(std::uint64_t older, std::uint64_t newer,
                           const Hash* known, FromBack& proof) {
  if (older == newer) {
    auto hash = known != nullptr ? *known : proof.take();
    return {hash, hash};
  }
  auto sibling = proof.take();
  auto left = left_size(newer);
  if (older <= left) {
    auto roots = roots_of_consistency(older, left, known, proof);
    return {roots.older, store::node_hash(roots.newer, sibling)};
  }
  auto roots = roots_of_consistency(older - left, newer - left, nullptr, proof);
  return {store::node_hash(sibling, roots.older),
          store::node_hash(sibling, roots.newer)};
}

Hash other(Hash hash) {
  hash.bytes[0] ^= 1U;
  return hash;
}

void check_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                     const store::Proof& proof) {
  require(index < size ||
              !store::verify_inclusion(leaf, index, {size, leaf}, proof),
          "no leaf is outside its tree");
  if (index >= size) return;
  FromBack hashes{proof};
  auto root = root_of_inclusion(leaf, index, size, hashes);
  require(store::verify_inclusion(leaf, index, {size, root}, proof) ==
              hashes.used_up(),
          "inclusion is as RFC 9162 has it");
  require(!store::verify_inclusion(leaf, index, {size, other(root)}, proof),
          "inclusion fits one root");
}

void check_consistency(const Hash& known, std::uint64_t older,
                       std::uint64_t newer, const store::Proof& proof) {
  if (older == 0 || older > newer) {
    require(store::verify_consistency({older, known}, {newer, known}, proof) !=
                Consistency::consistent,
            "only a smaller tree that is not empty is a prefix");
    return;
  }
  FromBack hashes{proof};
  // A whole subtree is the older tree itself, which the proof leaves out.
  auto roots = roots_of_consistency(older, newer, &known, hashes);
  bool fits = hashes.used_up();
  auto verdict = store::verify_consistency({older, roots.older},
                                           {newer, roots.newer}, proof);
  require((verdict == Consistency::consistent) == fits,
          "consistency is as RFC 9162 has it");
  require(store::verify_consistency({older, other(roots.older)},
                                    {newer, roots.newer},
                                    proof) == Consistency::inconsistent,
          "consistency fits one older root");
}

}  // namespace

void run(ByteView input) {
  Input parts{input};
  // Small trees more often than large ones.
  auto width = 1 + parts.number(1) % 8;
  auto first = parts.number(width);
  auto size = parts.number(width);
  auto leaf = parts.fixed<Hash>();
  store::Proof proof;
  while (!parts.empty()) proof.push_back(parts.fixed<Hash>());
  check_inclusion(leaf, first, size, proof);
  check_consistency(leaf, first, size, proof);
}

}  // namespace ppn::fuzz
