#include "store/snapshot.hpp"

#include <cassert>

#include "schema/level.hpp"
#include "store/hash.hpp"
#include "store/record.hpp"

namespace ppn::store {

namespace {

constexpr flatbuffers::uoffset_t max_depth = 8;

flatbuffers::Offset<schema::Snapshot> build_snapshot(
    flatbuffers::FlatBufferBuilder& builder, const Snapshot& snapshot) {
  const auto& position = snapshot.position;
  std::vector<flatbuffers::Offset<schema::KeyPeriod>> keys;
  for (const auto& period : position.keys) {
    auto key = period.key.stored();
    keys.push_back(schema::CreateKeyPeriod(builder, period.from, &key));
  }
  std::vector<flatbuffers::Offset<schema::StreamHead>> streams;
  for (const auto& [name, version] : position.streams)
    streams.push_back(
        schema::CreateStreamHead(builder, builder.CreateString(name), version));
  auto key_vector = builder.CreateVector(keys);
  auto stream_vector = builder.CreateVector(streams);
  auto state = builder.CreateVector(snapshot.state);
  auto root = position.head.root.stored();
  auto link = position.link.stored();
  auto node = position.node.stored();
  auto state_hash = sha256(snapshot.state).stored();
  return schema::CreateSnapshot(builder, position.head.size, &root, &link,
                                &node, key_vector, stream_vector, &state_hash,
                                state, schema::schema_level);
}

Error damaged(const char* why) {
  return {ErrorCode::damaged, std::string{"the snapshot "} + why};
}

}  // namespace

const PublicKey& key_at(const KeyHistory& keys, std::uint64_t sequence) {
  assert(!keys.empty());
  auto period = keys.rbegin();
  while (period->from > sequence && std::next(period) != keys.rend()) ++period;
  return period->key;
}

Bytes encode_snapshot(const Snapshot& snapshot, const SigningKey& key) {
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishSnapshotBuffer(builder, build_snapshot(builder, snapshot));
  Bytes stored{builder.GetBufferPointer(),
               builder.GetBufferPointer() + builder.GetSize()};
  auto signature = key.sign(snapshot_domain, stored);
  stored.insert(stored.end(), signature.bytes.begin(), signature.bytes.end());
  return stored;
}

Result<Snapshot> decode_snapshot(ByteView stored) {
  if (stored.size() <= Signature::size) return damaged("is too short");
  AlignedBytes aligned;
  auto body = aligned.assign(stored.first(stored.size() - Signature::size));
  // A snapshot names every stream, so its tables are bounded by its size only.
  flatbuffers::Verifier verifier{
      body.data(), body.size(), max_depth,
      static_cast<flatbuffers::uoffset_t>(body.size() / 8 + 1)};
  if (!schema::VerifySnapshotBuffer(verifier))
    return damaged("is not a well-formed FlatBuffer");
  const auto* table = schema::GetSnapshot(body.data());

  Snapshot snapshot;
  auto& position = snapshot.position;
  position.head = {table->size(), Hash{*table->root()}};
  position.link = Hash{*table->link()};
  position.node = NodeId{*table->node()};
  for (const auto* period : *table->keys())
    position.keys.push_back({period->from(), PublicKey{*period->key()}});
  if (position.keys.empty()) return damaged("names no key");
  Signature signature{stored.last<Signature::size>()};
  if (!verify(position.keys.back().key, snapshot_domain, body, signature))
    return damaged("has a wrong signature");
  if (table->schema_level() > schema::schema_level)
    return Error{ErrorCode::too_new,
                 "the snapshot was written by a newer version"};
  // Names that overlap in the buffer must not grow beyond it in memory.
  std::size_t names = 0;
  for (const auto* stream : *table->streams()) {
    names += stream->name()->size();
    if (names > body.size()) return damaged("has streams that overlap");
    position.streams.emplace(stream->name()->str(), stream->version());
  }
  snapshot.state.assign(table->state()->begin(), table->state()->end());
  if (sha256(snapshot.state) != Hash{*table->state_hash()})
    return damaged("has a state that does not match its hash");
  return snapshot;
}

}  // namespace ppn::store
