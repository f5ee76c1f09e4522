#include "actors/roster_record.hpp"

#include <cassert>

#include "actors/rare_path.hpp"
#include "events/recovery.hpp"
#include "store/key_rotation.hpp"
#include "store/recovery.hpp"
#include "store/signing.hpp"
#include "store/statements.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using store::Result;
using store::Status;

Error bad_input(std::string why) {
  return {ErrorCode::bad_input, std::move(why)};
}

std::string name_of(const events::Mesh& mesh, const schema::NodeId& node) {
  return events::name_of(mesh, NodeId{node});
}

/// Node ids are made of the first key; see schema/common.fbs.
bool is_id_of(const NodeId& node, const PublicKey& key) {
  return store::node_id_of(key) == node;
}

/// By the member that it names, and with the consent of the recovery key.
bool is_wanted_recovery(const events::Mesh& mesh,
                        const store::OpenedRecord& record) {
  const auto* event = record.entry->payload_as_AuthorityRecovered();
  return event != nullptr && Id{*event->mesh()} == mesh.id &&
         NodeId{*event->authority()->node()} == NodeId{*record.entry->node()} &&
         store::verify(PublicKey{*event->authority()->key()},
                       store::entry_domain, record.halves.entry,
                       record.halves.signature) &&
         store::check_recovery(mesh.recovery_key, *event).ok();
}

/// Follows the keys that the first entries of a ledger name.
class Introduction {
 public:
  Status take(ByteView record) {
    auto opened = store::open_record(record, aligned_);
    if (!opened) return opened.error();
    const auto& entry = *opened->entry;
    NodeId author{*entry.node()};
    const auto* identity = store::identity_of(entry);
    if (identity != nullptr && !has_identity_) {
      newcomer_.node = author;
      newcomer_.key = PublicKey{*identity->key()};
      newcomer_.name = identity->name()->str();
      if (!is_id_of(author, newcomer_.key))
        return bad_input("the node id is not that of its key");
      has_identity_ = true;
    } else if (identity != nullptr || author != newcomer_.node)
      return bad_input(
          "these are no entries by which one node introduces itself");
    if (!store::verify(newcomer_.key, store::entry_domain, opened->halves.entry,
                       opened->halves.signature))
      return bad_input("entry " + std::to_string(entry.sequence()) +
                       " has no valid signature");
    if (entry.payload_as_NodeKeyRotated() != nullptr) {
      auto next = store::handed_over_key(*opened, newcomer_.key);
      if (!next) return next.error();
      newcomer_.key = *next;
    }
    if (const auto* made = entry.payload_as_TunnelKeyMade()) {
      newcomer_.tunnel_key = events::TunnelKey{*made->key()};
      has_tunnel_key_ = true;
    }
    return {};
  }

  Result<events::Newcomer> finish() const {
    if (!has_identity_ || !has_tunnel_key_)
      return bad_input(
          "a node's introduction lacks its identity or the key "
          "of its tunnels");
    return newcomer_;
  }

 private:
  store::AlignedBytes aligned_;
  events::Newcomer newcomer_;
  bool has_identity_ = false;
  bool has_tunnel_key_ = false;
};

}  // namespace

Result<Bytes> authority_record(ByteView record) {
  store::AlignedBytes aligned;
  auto opened = store::open_record(record, aligned);
  if (!opened) return opened.error();
  const auto* taken = opened->entry->payload_as_RosterEntryTaken();
  if (taken == nullptr) return Bytes{record.begin(), record.end()};
  Bytes held{taken->entry()->begin(), taken->entry()->end()};
  Signature signature{*taken->signature()};
  held.insert(held.end(), signature.bytes.begin(), signature.bytes.end());
  return held;
}

Result<const schema::Entry*> check_next(const events::Mesh& mesh,
                                        ByteView record,
                                        store::AlignedBytes& aligned) {
  if (record.size() > events::roster_entry_max)
    return bad_input("an entry of a roster is not that large");
  auto opened = store::open_record(record, aligned);
  if (!opened) return opened.error();
  const auto& entry = *opened->entry;
  // The key tells nothing of what another authority signed.
  if (auto wrong = events::check_place(mesh, entry)) return bad_input(*wrong);
  auto key = events::expected_signer(mesh, entry);
  if (!key) return bad_input("nobody is the authority of this mesh");
  if (!store::verify(*key, store::entry_domain, opened->halves.entry,
                     opened->halves.signature))
    return bad_input("version " + std::to_string(entry.stream_version()) +
                     " of the roster is not signed by the authority");
  if (const auto* recovered = entry.payload_as_AuthorityRecovered())
    if (auto checked = store::check_recovery(mesh.recovery_key, *recovered);
        !checked) {
      mark(RarePath::recovery_unwanted);
      return checked.error();
    }
  return &entry;
}

Result<events::Mesh> after_record(const events::Mesh& mesh, ByteView record) {
  store::AlignedBytes aligned;
  auto entry = check_next(mesh, record, aligned);
  if (!entry) return entry.error();
  auto after = mesh;
  if (auto wrong = events::apply_roster(after, **entry))
    return bad_input(*wrong);
  return after;
}

events::Draft taken_draft(ByteView record) {
  schema::RosterEntryTakenT taken;
  auto entry = record.first(record.size() - Signature::size);
  taken.entry.assign(entry.begin(), entry.end());
  taken.signature = std::make_unique<schema::Signature>(
      Signature{record.last<Signature::size>()}.stored());
  store::AlignedBytes aligned;
  auto opened = store::open_record(record, aligned);
  assert(opened);
  events::Draft draft{opened->entry->stream()->str(), {}};
  draft.payload.Set(std::move(taken));
  return draft;
}

std::optional<RosterClaim> claim_of(ByteView record) {
  store::AlignedBytes aligned;
  auto opened = store::open_record(record, aligned);
  if (!opened) return std::nullopt;
  auto epoch = events::epoch_of(opened->entry->stream()->string_view());
  if (!epoch) return std::nullopt;
  return RosterClaim{{*epoch, opened->entry->stream_version()},
                     NodeId{*opened->entry->node()}};
}

std::uint64_t next_epoch(const events::Mesh& mesh,
                         const std::map<NodeId, MemberHeard>& heard) {
  std::vector<std::uint64_t> told;
  told.reserve(heard.size());
  for (const auto& [node, member] : heard) told.push_back(member.roster_epoch);
  return events::next_epoch(mesh, told);
}

Status check_recovery(const events::Mesh& mesh,
                      const events::RecoverMesh& command) {
  const auto* member = mesh.find(command.node);
  // Without either the decision says why.
  if (!mesh.founded() || member == nullptr) return {};
  if (store::is_wanted(mesh.recovery_key,
                       {mesh.id, command.epoch, command.node, member->key},
                       command.signature))
    return {};
  return bad_input(
      "the recovery key of the mesh did not sign this recovery by this node");
}

std::optional<Author> author_of(const events::Mesh& mesh, ByteView record) {
  store::AlignedBytes aligned;
  auto opened = store::open_record(record, aligned);
  if (!opened) return std::nullopt;
  NodeId node{*opened->entry->node()};
  if (const auto* member = mesh.find(node)) return Author{node, member->key};
  auto former = mesh.former.find(node);
  if (former == mesh.former.end()) return std::nullopt;
  return Author{node, former->second.key};
}

bool is_clash(const PublicKey& key, ByteView ours, ByteView theirs) {
  store::AlignedBytes aligned_ours;
  store::AlignedBytes aligned_theirs;
  auto a = store::open_record(ours, aligned_ours);
  auto b = store::open_record(theirs, aligned_theirs);
  if (!a || !b) return false;
  auto is_signed = [&](const store::OpenedRecord& record) {
    return store::verify(key, store::entry_domain, record.halves.entry,
                         record.halves.signature);
  };
  auto is_same_place = a->entry->stream()->string_view() ==
                           b->entry->stream()->string_view() &&
                       a->entry->stream_version() == b->entry->stream_version();
  auto differ = !std::equal(a->halves.entry.begin(), a->halves.entry.end(),
                            b->halves.entry.begin(), b->halves.entry.end());
  return is_same_place && differ && is_signed(*a) && is_signed(*b);
}

bool is_recovery_clash(const events::Mesh& mesh, ByteView ours,
                       ByteView theirs) {
  store::AlignedBytes aligned_ours;
  store::AlignedBytes aligned_theirs;
  auto a = store::open_record(ours, aligned_ours);
  auto b = store::open_record(theirs, aligned_theirs);
  return a && b && is_wanted_recovery(mesh, *a) &&
         is_wanted_recovery(mesh, *b) &&
         a->entry->payload_as_AuthorityRecovered()->epoch() ==
             b->entry->payload_as_AuthorityRecovered()->epoch() &&
         NodeId{*a->entry->node()} != NodeId{*b->entry->node()};
}

Result<events::Newcomer> read_introduction(const std::vector<Bytes>& records) {
  Introduction introduction;
  for (const auto& record : records)
    if (auto taken = introduction.take(record); !taken) return taken.error();
  return introduction.finish();
}

std::string in_words(const events::Mesh& before, const schema::Entry& entry) {
  if (const auto* founded = entry.payload_as_MeshFounded())
    return founded->founder()->name()->str() + " founded the mesh " +
           founded->name()->str();
  if (const auto* added = entry.payload_as_MemberAdded())
    return added->member()->name()->str() + " is added";
  if (const auto* removed = entry.payload_as_MemberRemoved())
    return name_of(before, *removed->node()) +
           " is removed: " + removed->reason()->str();
  if (const auto* replaced = entry.payload_as_MemberReplaced())
    return name_of(before, *replaced->old()) + " is replaced by the node " +
           NodeId{*replaced->member()->node()}.hex();
  if (const auto* moved = entry.payload_as_RoleMoved())
    return name_of(before, *moved->to()) + " becomes the " +
           events::in_words(moved->role());
  if (const auto* changed = entry.payload_as_EndpointsChanged())
    return name_of(before, *changed->node()) + " has other endpoints";
  if (const auto* recovered = entry.payload_as_AuthorityRecovered())
    return recovered->authority()->name()->str() +
           " recovered the mesh, and is its authority in epoch " +
           std::to_string(recovered->epoch());
  if (const auto* restated = entry.payload_as_MemberRestated())
    return restated->member()->name()->str() + " is still a member";
  if (const auto* gone = entry.payload_as_FormerRestated())
    return gone->name()->str() + " is still a former member";
  return "an entry that is no event of a roster";
}

}  // namespace ppn::actors
