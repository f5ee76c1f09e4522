#include "tests/corruption/forgery.hpp"

#include <stdexcept>

#include "store/byte_order.hpp"
#include "store/checkpoint.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"
#include "tests/corruption/seeded_keys.hpp"

namespace ppn::tests {

using store::Table;

namespace {

constexpr std::uint8_t unknown_event = 200;

/// Where the field of an entry stands in its bytes.
std::ptrdiff_t offset_in(const Bytes& entry, const void* field) {
  return static_cast<const std::uint8_t*>(field) - entry.data();
}

NodeId node_of(ByteView record) {
  return NodeId{*schema::GetEntry(record.data())->node()};
}

void write_tree(RawTables& tables, const std::vector<Bytes>& records,
                store::Frontier& frontier) {
  tables.clear(Table::tree);
  for (const auto& record : records) {
    auto key = store::big_endian(frontier.size());
    Bytes nodes;
    frontier.append(store::leaf_hash(record), [&](const Hash& node) {
      nodes.insert(nodes.end(), node.bytes.begin(), node.bytes.end());
    });
    tables.put(Table::tree, key, nodes);
  }
}

}  // namespace

Bytes entry_of(ByteView record) {
  auto entry = record.first(record.size() - Signature::size);
  return {entry.begin(), entry.end()};
}

Bytes signed_by(const store::SigningKey& key, ByteView entry) {
  auto signature = key.sign(store::entry_domain, entry);
  Bytes record{entry.begin(), entry.end()};
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  return record;
}

Bytes with_change(ByteView record,
                  const std::function<void(schema::EntryT&)>& change) {
  auto entry = entry_of(record);
  schema::EntryT unpacked;
  schema::GetEntry(entry.data())->UnPackTo(&unpacked);
  change(unpacked);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishEntryBuffer(builder, schema::Entry::Pack(builder, &unpacked));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

Bytes with_prev(ByteView entry, const Hash& prev) {
  Bytes changed{entry.begin(), entry.end()};
  auto offset = offset_in(changed, schema::GetEntry(changed.data())->prev());
  std::copy(prev.bytes.begin(), prev.bytes.end(), changed.begin() + offset);
  return changed;
}

Bytes with_unknown_event(ByteView entry) {
  Bytes changed{entry.begin(), entry.end()};
  auto* table = flatbuffers::GetMutableRoot<flatbuffers::Table>(changed.data());
  if (!table->SetField(schema::Entry::VT_PAYLOAD_TYPE, unknown_event,
                       std::uint8_t{0}))
    throw std::runtime_error{"the entry has no event"};
  return changed;
}

Hash link_of(ByteView record) { return store::leaf_hash(entry_of(record)); }

History::History(const RawTables& tables, std::uint8_t node,
                 const store::KeyHistory& keys)
    : node_(node) {
  for (auto& [key, record] : tables.all(Table::entries))
    records_.push_back(std::move(record));
  for (const auto& period : keys) key_starts_.push_back(period.from);
}

store::SigningKey History::key_for(std::size_t sequence) const {
  std::size_t number = key_starts_.size() - 1;
  while (key_starts_[number] > sequence) --number;
  return seeded_key(node_, number);
}

void History::sign(std::size_t sequence, ByteView entry) {
  records_[sequence] = signed_by(key_for(sequence), entry);
}

void History::chain_after(std::size_t sequence) {
  for (auto next = sequence + 1; next < records_.size(); ++next)
    sign(next,
         with_prev(entry_of(records_[next]), link_of(records_[next - 1])));
}

void History::write(RawTables& tables) const {
  write_without_checkpoint(tables);
  tables.put(Table::meta, store::as_bytes(store::meta_checkpoint),
             store::as_bytes(checkpoint()));
}

void History::write_without_checkpoint(RawTables& tables) const {
  tables.clear(Table::entries);
  tables.clear(Table::streams);
  for (std::uint64_t sequence = 0; sequence < records_.size(); ++sequence) {
    const auto& record = records_[sequence];
    auto key = store::big_endian(sequence);
    tables.put(Table::entries, key, record);
    const auto* entry = schema::GetEntry(record.data());
    tables.put(Table::streams,
               store::stream_key(sequence, entry->stream()->string_view(),
                                 entry->stream_version()),
               key);
  }
  store::Frontier frontier;
  write_tree(tables, records_, frontier);
}

store::TreeHead History::head() const {
  store::Frontier frontier;
  for (const auto& record : records_)
    frontier.append(store::leaf_hash(record), [](const Hash&) {});
  return {frontier.size(), frontier.root()};
}

std::string History::checkpoint() const {
  auto note = store::sign_checkpoint(node_of(records_[0]), head(),
                                     key_for(records_.size()));
  if (!note) throw std::runtime_error{note.error().message};
  return *note;
}

}  // namespace ppn::tests
