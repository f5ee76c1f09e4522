#include "actors/inheritance_document.hpp"

#include "events/stored_fleet.hpp"
#include "schema/inheritance_generated.h"

namespace ppn::actors {

namespace {

constexpr flatbuffers::uoffset_t max_table_depth = 4;
constexpr std::size_t least_table_size = 8;

store::Error damaged(std::string why) {
  return {store::ErrorCode::damaged, std::move(why)};
}

schema::InheritanceDocumentT document_of(const events::Fleet& fleet,
                                         std::uint64_t size) {
  schema::InheritanceDocumentT document;
  document.size = size;
  for (const auto& [node, host] : fleet.hosts)
    if (host.is_decided || host.is_drained || host.is_reserved)
      document.hosts.push_back(events::stored(node, host));
  for (const auto& [owner, quota] : fleet.quotas)
    document.quotas.push_back(events::stored(owner, quota));
  // Of whom it is not known that they are there: they go to nobody.
  auto to_come = events::guests_to_come(fleet);
  for (const auto& [vm, guest] : fleet.guests)
    if (!to_come.contains(vm))
      document.guests.push_back(events::stored(vm, guest));
  return document;
}

Bytes built(const schema::InheritanceDocumentT& document) {
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishInheritanceDocumentBuffer(
      builder, schema::CreateInheritanceDocument(builder, &document));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

/// What a guest is told to have may stand in the bytes once and be of many: it
/// must not grow beyond them in memory, nor in a ledger.
bool fits(const schema::InheritanceDocument& document, std::size_t size) {
  std::size_t sum = 0;
  if (document.guests() == nullptr) return true;
  for (const auto* guest : *document.guests()) {
    sum += guest->images() == nullptr ? 0
                                      : guest->images()->size() * Hash::size;
    if (const auto* labels = guest->labels()) {
      if (labels->size() > events::labels_max) return false;
      for (const auto* label : *labels) sum += label->size();
    }
    if (sum > size) return false;
  }
  return true;
}

}  // namespace

Bytes build_inheritance(const events::Fleet& fleet, std::uint64_t size) {
  auto document = document_of(fleet, size);
  auto bytes = built(document);
  while (bytes.size() > document_max && !document.guests.empty()) {
    document.guests.resize(document.guests.size() * document_max /
                           (bytes.size() + 1));
    bytes = built(document);
  }
  return bytes;
}

store::Result<events::FleetLegacy> open_inheritance(ByteView document,
                                                    const NodeId& from) {
  store::AlignedBytes aligned;
  auto bytes = aligned.assign(document);
  auto max_tables = bytes.size() / least_table_size + 1;
  flatbuffers::Verifier verifier{
      bytes.data(), bytes.size(), max_table_depth,
      static_cast<flatbuffers::uoffset_t>(max_tables)};
  if (!schema::VerifyInheritanceDocumentBuffer(verifier))
    return damaged("it is no document of what a fleet came to");
  const auto* stored = schema::GetInheritanceDocument(bytes.data());
  if (stored->size() == 0) return damaged("it is what no entries make");
  if (!fits(*stored, bytes.size()))
    return damaged("it says more than there is in it");
  auto legacy =
      events::read_legacy(stored->hosts(), stored->guests(), stored->quotas());
  if (!legacy) return damaged("no controller can have left that");
  legacy->from = from;
  legacy->size = stored->size();
  return std::move(*legacy);
}

}  // namespace ppn::actors
