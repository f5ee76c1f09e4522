#include "store/record.hpp"

#include <cassert>
#include <cstring>

#include "schema/level.hpp"

namespace ppn::store {

namespace {

constexpr flatbuffers::uoffset_t max_table_depth = 16;
constexpr flatbuffers::uoffset_t max_tables = 4096;

flatbuffers::Offset<schema::Causation> build_causation(
    flatbuffers::FlatBufferBuilder& builder, const Causation& causation) {
  auto node = causation.node.stored();
  auto request = causation.request.stored();
  schema::CausationBuilder table{builder};
  table.add_kind(causation.kind);
  if (causation.kind == schema::CausationKind::entry) {
    table.add_node(&node);
    table.add_sequence(causation.sequence);
  } else {
    table.add_request(&request);
  }
  return table.Finish();
}

Error damaged(std::string why) { return {ErrorCode::damaged, std::move(why)}; }

}  // namespace

bool is_stream_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  };
  return !name.empty() && name.size() <= max_stream_name &&
         std::all_of(name.begin(), name.end(), allowed);
}

ByteView build_entry(flatbuffers::FlatBufferBuilder& builder,
                     const Event& event, const Place& place,
                     const ClockReading& clock) {
  builder.Clear();
  auto payload = event.payload.Pack(builder);
  flatbuffers::Offset<schema::Causation> causation;
  if (event.causation) causation = build_causation(builder, *event.causation);
  auto principal_id = builder.CreateString(event.principal.id);
  auto principal =
      schema::CreatePrincipal(builder, event.principal.kind, principal_id);
  auto stream = builder.CreateString(event.stream);
  auto prev = place.prev.stored();
  auto node = place.node.stored();
  schema::ClockReading reading{clock.utc_ns, clock.since_boot_ns,
                               clock.synchronised};
  auto entry = schema::CreateEntry(builder, place.sequence, &prev, &node,
                                   stream, place.stream_version, &reading,
                                   principal, causation, schema::schema_level,
                                   event.payload.type, payload);
  schema::FinishEntryBuffer(builder, entry);
  return {builder.GetBufferPointer(), builder.GetSize()};
}

Result<RecordView> split_record(ByteView record) {
  if (record.size() <= Signature::size || record.size() > max_record_size)
    return Error{ErrorCode::bad_input, "a record of " +
                                           std::to_string(record.size()) +
                                           " bytes can not be one"};
  return RecordView{record.first(record.size() - Signature::size),
                    Signature{record.last<Signature::size>()}};
}

RecordHashes hash_record(const RecordView& record) {
  auto hash = begin_leaf();
  hash.update(record.entry);
  auto link = hash.finish();
  return {link, hash.update(record.signature.view()).finish()};
}

Hash link_of(ByteView entry) { return begin_leaf().update(entry).finish(); }

ByteView AlignedBytes::assign(ByteView bytes) {
  words_.resize((bytes.size() + 7) / 8);
  if (bytes.empty()) return {};
  std::memcpy(words_.data(), bytes.data(), bytes.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  return {reinterpret_cast<const std::uint8_t*>(words_.data()), bytes.size()};
}

Result<const schema::Entry*> check_entry(ByteView bytes) {
  flatbuffers::Verifier verifier{bytes.data(), bytes.size(), max_table_depth,
                                 max_tables};
  if (bytes.size() > max_entry_size || !schema::VerifyEntryBuffer(verifier))
    return damaged("the entry is not a well-formed FlatBuffer");
  const auto* entry = schema::GetEntry(bytes.data());
  if (entry->schema_level() > schema::schema_level)
    return Error{ErrorCode::too_new, "the entry needs schema level " +
                                         std::to_string(entry->schema_level()) +
                                         ", this program knows up to " +
                                         std::to_string(schema::schema_level)};
  if (entry->payload_type() > schema::Event::MAX)
    return Error{ErrorCode::too_new,
                 "the entry's event is of kind " +
                     std::to_string(static_cast<int>(entry->payload_type())) +
                     ", which this program does not know"};
  if (entry->payload_type() == schema::Event::NONE)
    return damaged("the entry has no event");
  if (!is_stream_name(entry->stream()->string_view()))
    return damaged("the entry's stream has no valid name");
  if (entry->stream_version() == 0)
    return damaged("the entry has no stream version");
  return entry;
}

Result<OpenedRecord> open_record(ByteView record, AlignedBytes& aligned) {
  auto halves = split_record(record);
  if (!halves) return halves.error();
  auto entry = check_entry(aligned.assign(halves->entry));
  if (!entry) return entry.error();
  return OpenedRecord{*halves, *entry};
}

const schema::Identity* identity_of(const schema::Entry& entry) {
  if (const auto* born = entry.payload_as_NodeInitialised())
    return born->identity();
  if (const auto* rejoined = entry.payload_as_NodeRejoined())
    return rejoined->identity();
  return nullptr;
}

}  // namespace ppn::store
