// Snapshots. The fuzzer can not sign, nor hash a state: the target does both
// for it, so that what is read behind these checks is reached.
#include <cstring>

#include "schema/level.hpp"
#include "store/hash.hpp"
#include "store/snapshot.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

/// A FlatBuffer that is put right in place. Its address is that of a vector, so
/// fit for any table.
class Body {
 public:
  explicit Body(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}

  /// Null unless it is a snapshot.
  [[nodiscard]] const schema::Snapshot* table() const {
    flatbuffers::Verifier verifier{
        bytes_.data(), bytes_.size(), 8,
        static_cast<flatbuffers::uoffset_t>(bytes_.size() / 8 + 1)};
    return schema::VerifySnapshotBuffer(verifier)
               ? schema::GetSnapshot(bytes_.data())
               : nullptr;
  }

  /// Writes over a struct of the table.
  template <class Struct>
  void replace(const Struct* old, const Struct& fresh) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
    const auto* place = reinterpret_cast<const std::uint8_t*>(old);
    std::memcpy(bytes_.data() + (place - bytes_.data()), &fresh, sizeof fresh);
  }

  [[nodiscard]] Bytes signed_bytes() const {
    auto stored = bytes_;
    auto signature = test_key().sign(store::snapshot_domain, bytes_);
    stored.insert(stored.end(), signature.bytes.begin(), signature.bytes.end());
    return stored;
  }

 private:
  Bytes bytes_;
};

Hash hash_of_state(const schema::Snapshot& table) {
  return store::sha256({table.state()->data(), table.state()->size()});
}

/// Whether it is right, now that it is signed with the test key. Parts of a
/// hostile FlatBuffer may overlap, so putting one right can damage others.
bool is_right(const schema::Snapshot& table) {
  const auto& keys = *table.keys();
  return keys.size() > 0 &&
         PublicKey{*keys[keys.size() - 1]->key()} == test_key().public_key() &&
         Hash{*table.state_hash()} == hash_of_state(table);
}

void put_right(Body& body) {
  const auto* table = body.table();
  const auto& keys = *table->keys();
  if (keys.size() > 0)
    body.replace(keys[keys.size() - 1]->key(),
                 test_key().public_key().stored());
  if ((table = body.table()) != nullptr)
    body.replace(table->state_hash(), hash_of_state(*table).stored());
}

}  // namespace

void run(ByteView input) {
  (void)store::decode_snapshot(input);
  Body body{input};
  if (body.table() == nullptr) return;
  put_right(body);
  const auto* table = body.table();
  auto snapshot = store::decode_snapshot(body.signed_bytes());
  bool too_new = table != nullptr &&
                 table->schema_level() > schema::schema_level;
  require(snapshot.ok() == (table != nullptr && is_right(*table) && !too_new),
          "a snapshot is read if it is right");
  if (!snapshot) return;
  auto again =
      store::decode_snapshot(store::encode_snapshot(*snapshot, test_key()));
  require(again && again->position == snapshot->position &&
              again->state == snapshot->state,
          "a snapshot reads back");
}

}  // namespace ppn::fuzz
