#include "actors/dispatch_document.hpp"

#include "schema/dispatch_generated.h"
#include "store/checkpoint.hpp"
#include "store/domains.hpp"
#include "store/signing.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;

constexpr flatbuffers::uoffset_t max_table_depth = 4;
constexpr flatbuffers::uoffset_t max_tables = 8;

Error damaged(std::string why) { return {ErrorCode::damaged, std::move(why)}; }

store::Proof read_proof(const schema::DispatchDocument& document) {
  store::Proof proof;
  if (document.proof() != nullptr)
    for (const auto* hash : *document.proof()) proof.emplace_back(*hash);
  return proof;
}

/// The checkpoint's tree, once its signature was checked.
store::Result<store::TreeHead> signed_head(
    const schema::DispatchDocument& document, const NodeId& controller,
    const PublicKey& key) {
  auto checkpoint =
      store::parse_checkpoint(document.checkpoint()->string_view());
  if (!checkpoint) return checkpoint.error();
  auto verified = store::verify_checkpoint(*checkpoint, controller, key);
  if (!verified) return verified.error();
  return checkpoint->head;
}

store::Result<OpenedDocument> read_dispatched(const schema::Entry& entry) {
  if (const auto* placed = entry.payload_as_GuestPlaced())
    return OpenedDocument{&entry, Id{*placed->request()},
                          NodeId{*placed->node()}};
  if (const auto* ordered = entry.payload_as_GuestOrdered())
    return OpenedDocument{&entry, Id{*ordered->request()},
                          NodeId{*ordered->node()}};
  return damaged("the entry dispatches nothing");
}

}  // namespace

Bytes build_document(const EntryProof& proof) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<schema::Hash> hashes;
  hashes.reserve(proof.inclusion.size());
  for (const auto& hash : proof.inclusion) hashes.push_back(hash.stored());
  auto record = builder.CreateVector(proof.record);
  auto inclusion = builder.CreateVectorOfStructs(hashes);
  auto checkpoint = builder.CreateString(proof.checkpoint);
  schema::FinishDispatchDocumentBuffer(
      builder,
      schema::CreateDispatchDocument(builder, record, inclusion, checkpoint));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

store::Result<OpenedDocument> open_document(ByteView document,
                                            const NodeId& controller,
                                            const PublicKey& key,
                                            store::AlignedBytes& aligned) {
  store::AlignedBytes whole;
  auto bytes = whole.assign(document);
  flatbuffers::Verifier verifier{bytes.data(), bytes.size(), max_table_depth,
                                 max_tables};
  if (!schema::VerifyDispatchDocumentBuffer(verifier))
    return damaged("it is no document of a dispatch");
  const auto* stored = schema::GetDispatchDocument(bytes.data());
  auto record = store::open_record(
      {stored->record()->data(), stored->record()->size()}, aligned);
  if (!record) return record.error();
  const auto& [halves, entry] = *record;
  if (NodeId{*entry->node()} != controller)
    return damaged("the entry is not the controller's");
  if (!store::verify(key, store::entry_domain, halves.entry, halves.signature))
    return damaged("the controller did not sign the entry");
  auto head = signed_head(*stored, controller, key);
  if (!head) return head.error();
  if (!store::verify_inclusion(store::hash_record(halves).leaf,
                               entry->sequence(), *head, read_proof(*stored)))
    return damaged("the entry is not in the controller's ledger");
  return read_dispatched(*entry);
}

}  // namespace ppn::actors
