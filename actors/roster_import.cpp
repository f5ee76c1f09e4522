#include "actors/roster_import.hpp"

#include "actors/roster_record.hpp"
#include "events/recovery.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using store::Result;

Error refused(std::string why) {
  return {ErrorCode::bad_input, std::move(why)};
}

/// Why a record of a file can not stand where this node has `ours`.
Error other_than(const Bytes& ours, const Bytes& theirs,
                 const events::Mesh& mesh, const events::RosterPlace& place,
                 std::size_t number) {
  if (place == events::RosterPlace{1, 1})
    return refused("this is the roster of another mesh");
  auto version = std::to_string(place.version);
  auto author = author_of(mesh, ours);
  if (author && is_clash(author->key, ours, theirs))
    return refused("version " + version +
                   " of this roster is not the one that this node has: an "
                   "authority signed two");
  if (is_recovery_clash(mesh, ours, theirs))
    return refused("the mesh was recovered twice for epoch " +
                   std::to_string(place.epoch) + ", and this node follows " +
                   events::authority_name(mesh) +
                   ": recover it once more, on either");
  return refused("entry " + std::to_string(number) +
                 " of the file is not the one that this node has, and is not "
                 "signed by its authority");
}

std::string join_in_words(const events::Mesh& mesh, const NodeId& self) {
  const auto* member = mesh.find(self);
  return "join the mesh " + mesh.name + " as " + member->name + " at " +
         member->address.text();
}

/// What a recovery makes of the members beside the authority.
void add_changed_members(std::vector<std::string>& plan,
                         const events::Mesh& before,
                         const events::Mesh& after) {
  for (const auto& [node, member] : before.members)
    if (!after.members.contains(node))
      plan.push_back(member.name + " is no member any more");
  for (const auto& [node, member] : after.members)
    if (!before.members.contains(node))
      plan.push_back(member.name + " is a member");
}

bool restates(const schema::Entry& entry) {
  return entry.payload_type() == schema::Event::MemberRestated ||
         entry.payload_type() == schema::Event::FormerRestated;
}

store::Status take_news(Import& read, const NodeId& self, const Bytes& record) {
  store::AlignedBytes aligned;
  auto entry = check_next(read.mesh, record, aligned);
  if (!entry) return entry.error();
  if (NodeId{*(*entry)->node()} == self)
    return refused(
        "this node did not record what it is said to have signed here: its key "
        "was used elsewhere, or its ledger was rolled back");
  // Those who stay would make a line each.
  if (!restates(**entry)) read.plan.push_back(in_words(read.mesh, **entry));
  // What it makes of a mesh that is refused in the end nobody sees.
  if (auto why = events::apply_roster(read.mesh, **entry))
    return Error{ErrorCode::bad_input, *why};
  read.news.push_back(record);
  return {};
}

/// `last` is what the file ends with.
Error nothing_new(const events::Mesh& mesh, const events::RosterPlace& last) {
  return refused("the file has nothing new: it ends with version " +
                 std::to_string(last.version) +
                 " of the roster, and this node has version " +
                 std::to_string(mesh.version));
}

/// Sets the plan of a node that was in no mesh.
store::Status plan_to_join(Import& read, const NodeId& self,
                           const OwnRoster& own) {
  const auto* member = read.mesh.find(self);
  if (member == nullptr)
    return refused(
        "the roster does not name this node: import there first what "
        "`ppnctl mesh export` writes here");
  if (member->tunnel_key != own.tunnel_key)
    return refused("the roster names another tunnel key for this node");
  const auto* authority = read.mesh.authority_member();
  read.plan = {join_in_words(read.mesh, self),
               "obey its authority " + authority->name + ", whose key is " +
                   authority->key.hex()};
  return {};
}

/// Nothing of it is wrong so far.
Result<Import> read_records(const events::Mesh& mesh, const NodeId& self,
                            const OwnRoster& own,
                            const std::vector<Bytes>& records,
                            events::RosterPlace& last) {
  Import read{mesh, {}, {}};
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto claim = claim_of(records[i]);
    if (claim) last = claim->place;
    if (const auto* there = claim ? own.at(claim->place) : nullptr) {
      auto ours = authority_record(*there);
      if (!ours) return ours.error();
      if (*ours != records[i])
        return other_than(*ours, records[i], mesh, claim->place, i + 1);
      continue;
    }
    if (auto taken = take_news(read, self, records[i]); !taken)
      return Error{taken.error().code,
                   "entry " + std::to_string(i + 1) +
                       " of the file: " + taken.error().message};
  }
  return read;
}

}  // namespace

const Bytes* OwnRoster::at(const events::RosterPlace& wanted) const {
  if (wanted == events::RosterPlace{1, 1} && !founding.empty())
    return &founding.front();
  if (wanted.epoch != place.epoch || wanted.version == 0 ||
      wanted.version > of_epoch.size())
    return nullptr;
  return &of_epoch[wanted.version - 1];
}

Result<Import> read_import(const events::Mesh& mesh, const NodeId& self,
                           const OwnRoster& own, const ImportRoster& import) {
  events::RosterPlace last;
  auto read = read_records(mesh, self, own, import.records, last);
  if (!read) return read.error();
  if (read->news.empty()) return nothing_new(mesh, last);
  if (read->mesh.restating)
    return refused("the file ends before all came that " +
                   events::authority_name(read->mesh) + " restates");
  if (!mesh.founded()) {
    if (auto joined = plan_to_join(*read, self, own); !joined)
      return joined.error();
    return read;
  }
  if (mesh.restating)
    read->plan.insert(
        read->plan.begin(),
        "take the rest of what " + events::authority_name(mesh) + " restates");
  if (mesh.restating || read->mesh.epoch != mesh.epoch)
    add_changed_members(read->plan, mesh, read->mesh);
  return read;
}

Result<Import> read_welcome(const events::Mesh& mesh, const NodeId& self,
                            const OwnRoster& own,
                            const std::vector<Bytes>& records) {
  events::RosterPlace last;
  auto read = read_records(mesh, self, own, records, last);
  bool is_known = read && read->news.empty() && mesh.find(self) != nullptr;
  return is_known ? read : read_import(mesh, self, own, {records});
}

Result<std::vector<Bytes>> whole_roster(const OwnRoster& own) {
  std::vector<Bytes> records;
  auto add = [&](const std::vector<Bytes>& stream) -> store::Status {
    for (const auto& one : stream) {
      auto record = authority_record(one);
      if (!record) return record.error();
      records.push_back(std::move(*record));
    }
    return {};
  };
  if (own.place.epoch > 1)
    if (auto added = add(own.founding); !added) return added.error();
  if (auto added = add(own.of_epoch); !added) return added.error();
  return records;
}

}  // namespace ppn::actors
