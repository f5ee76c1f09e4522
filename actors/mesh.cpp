#include "actors/mesh.hpp"

#include "actors/rare_path.hpp"
#include "actors/roster_record.hpp"
#include "store/key_rotation.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using store::Result;
using Self = MeshActor::stateful_pointer<MeshState>;

constexpr std::uint64_t all = ~std::uint64_t{0};

Error refused(std::string why) {
  return {ErrorCode::bad_input, std::move(why)};
}

Error not_read_yet() {
  return {ErrorCode::io, "the roster is not read yet; try again"};
}

// -- the roster and who follows it --------------------------------------------

events::Contradiction apply(MeshState& state, const schema::Entry& entry,
                            ByteView bytes) {
  if (auto contradiction = events::apply(state.roster.mesh, entry))
    return contradiction;
  const auto* taken = entry.payload_as_RosterEntryTaken();
  events::note(state.roster.news, *events::roster_entry(entry).entry);
  state.roster.head = store::link_of(
      taken == nullptr
          ? bytes
          : ByteView{taken->entry()->data(), taken->entry()->size()});
  return {};
}

void tell_followers(Self self) {
  auto& state = self->state;
  state.told = std::make_shared<const Roster>(state.roster);
  state.roster.news = {state.roster.mesh.version};
  for (const auto& follower : state.followers)
    self->send(follower, roster_atom::value, state.told);
}

void follow(Self self, const RosterFollower& follower) {
  auto& state = self->state;
  if (!state.followers.insert(follower).second) return;
  self->monitor(follower);
  if (state.told) self->send(follower, roster_atom::value, state.told);
}

// -- what is imported ---------------------------------------------------------

/// The records that follow on those of this node, which the others must match.
struct Import {
  events::Mesh mesh;
  std::vector<Bytes> news;
  std::vector<std::string> plan;
};

/// Why a record can not stand where this node has `ours`.
Error other_than(const Bytes& ours, const Bytes& theirs,
                 const events::Mesh& mesh, std::size_t version) {
  if (version == 1) return refused("this is the roster of another mesh");
  auto author = author_of(mesh, ours);
  if (author && is_clash(author->key, ours, theirs))
    return refused("version " + std::to_string(version) +
                   " of this roster is not the one that this node has: an "
                   "authority signed two");
  return refused("entry " + std::to_string(version) +
                 " of the file is not the one that this node has, and is not "
                 "signed by its authority");
}

std::string join_in_words(const events::Mesh& mesh, const NodeId& self) {
  const auto* member = mesh.find(self);
  return "join the mesh " + mesh.name + " as " + member->name + " at " +
         member->address.text();
}

/// `own` are the records of this node's stream.
Result<Import> read_import(const events::Mesh& mesh, const NodeId& self,
                           const std::optional<events::TunnelKey>& tunnel_key,
                           const Entries& own, const ImportRoster& import) {
  Import read{mesh, {}, {}};
  for (std::size_t i = 0; i < import.records.size(); ++i) {
    const auto& record = import.records[i];
    if (i < own.size()) {
      auto ours = authority_record(own[i]);
      if (!ours) return ours.error();
      if (*ours != record) return other_than(*ours, record, mesh, i + 1);
      continue;
    }
    auto wrong = [i](ErrorCode code, const std::string& why) {
      return Error{code,
                   "entry " + std::to_string(i + 1) + " of the file: " + why};
    };
    store::AlignedBytes aligned;
    auto entry = check_next(read.mesh, record, aligned);
    if (!entry) return wrong(entry.error().code, entry.error().message);
    read.plan.push_back(in_words(read.mesh, **entry));
    // What it makes of a mesh that is refused in the end nobody sees.
    if (auto why = events::apply_roster(read.mesh, **entry))
      return wrong(ErrorCode::bad_input, *why);
    read.news.push_back(record);
  }
  if (read.news.empty())
    return refused("the file has nothing new: it ends with version " +
                   std::to_string(import.records.size()) +
                   " of the roster, and this node has version " +
                   std::to_string(mesh.version));
  if (mesh.founded() && mesh.authority == self)
    return refused(
        "this node is the authority and did not record what it is said to have "
        "signed here: its key was used elsewhere, or its ledger was rolled "
        "back");
  const auto* member = read.mesh.find(self);
  if (!mesh.founded()) {
    if (member == nullptr)
      return refused(
          "the roster does not name this node: import there first what "
          "`ppnctl mesh export` writes here");
    if (member->tunnel_key != tunnel_key)
      return refused("the roster names another tunnel key for this node");
    read.plan = {
        join_in_words(read.mesh, self),
        "obey its authority " + read.mesh.find(read.mesh.authority)->name +
            ", whose key is " + read.mesh.find(read.mesh.authority)->key.hex()};
  }
  return read;
}

// -- plan and commit ----------------------------------------------------------

using Planned = std::function<void(const Result<std::vector<std::string>>&)>;

/// What an import is checked against, which is not in memory.
void with_own_records(
    Self self, const MeshParts& parts,
    const std::function<void(const Result<EntriesPtr>&,
                             const std::optional<events::TunnelKey>&)>& next) {
  auto failed = [next](caf::error& error) { next(from_message(error), {}); };
  on_answer<StatePtr>(
      self->request(parts.ledger, caf::infinite, state_atom::value),
      [=](const StatePtr& state) {
        on_answer<EntriesPtr>(
            self->request(parts.ledger, caf::infinite, records_atom::value,
                          std::string{events::roster_stream}, std::uint64_t{0},
                          all),
            [=, key = state->state.device.key](const EntriesPtr& records) {
              next(records, key);
            },
            failed);
      },
      failed);
}

void plan_import(Self self, const MeshParts& parts, const NodeId& node,
                 const ChangePtr& change, const Planned& done) {
  with_own_records(
      self, parts, [=](const Result<EntriesPtr>& own, const auto& key) {
        if (!own) return done(own.error());
        auto read = read_import(self->state.roster.mesh, node, key, **own,
                                std::get<ImportRoster>(*change));
        if (!read) return done(read.error());
        done(read->plan);
      });
}

caf::result<WordsPtr> plan(Self self, const MeshParts& parts,
                           const NodeId& node, const ChangePtr& change) {
  auto promise = self->make_response_promise<WordsPtr>();
  auto done = [promise](const Result<std::vector<std::string>>& words) {
    if (!words) return answer(promise, Result<WordsPtr>{words.error()});
    answer(promise,
           Result<WordsPtr>{
               std::make_shared<const std::vector<std::string>>(*words)});
  };
  const auto* command = std::get_if<events::MeshCommand>(&*change);
  if (command == nullptr) {
    plan_import(self, parts, node, change, done);
    return promise;
  }
  auto words = std::make_shared<std::vector<std::string>>();
  auto rehearse = [self, node, change, words,
                   command](const events::Moment& now) -> events::Decision {
    const auto& mesh = self->state.roster.mesh;
    auto decision = events::decide(mesh, node, *command, now);
    if (std::holds_alternative<events::Refusal>(decision)) return decision;
    *words = events::in_words(mesh, *command, now);
    return std::vector<events::Draft>{};
  };
  self->state.aggregate.command({}, rehearse, [=](const auto& result) {
    if (!result) return done(result.error());
    done(*words);
  });
  return promise;
}

void record(Self self, Origin origin, Aggregate<Self>::Decide decide,
            caf::typed_response_promise<std::uint64_t> promise) {
  self->state.aggregate.command(
      std::move(origin), std::move(decide),
      [promise](const auto& result) { answer(promise, result); });
}

std::vector<events::Draft> taken_drafts(const std::vector<Bytes>& records) {
  std::vector<events::Draft> drafts;
  drafts.reserve(records.size());
  for (const auto& record : records) drafts.push_back(taken_draft(record));
  return drafts;
}

caf::result<std::uint64_t> commit(Self self, const MeshParts& parts,
                                  const NodeId& node, const ChangePtr& change,
                                  const Id& proposal,
                                  const store::Principal& principal) {
  auto promise = self->make_response_promise<std::uint64_t>();
  Origin origin{
      principal,
      store::Causation{schema::CausationKind::request, {}, 0, proposal},
      {}};
  const auto* command = std::get_if<events::MeshCommand>(&*change);
  if (command != nullptr) {
    record(
        self, std::move(origin),
        [self, node, change, command](const events::Moment& now) {
          return events::decide(self->state.roster.mesh, node, *command, now);
        },
        promise);
    return promise;
  }
  with_own_records(
      self, parts, [=](const Result<EntriesPtr>& own, const auto& key) {
        if (!own) return answer(promise, Result<std::uint64_t>{own.error()});
        record(
            self, origin,
            [=, own = *own](const events::Moment&) -> events::Decision {
              const auto& mesh = self->state.roster.mesh;
              if (own->size() != mesh.version) {
                mark(RarePath::import_overtaken);
                return events::Refusal{
                    "the roster has changed meanwhile; try again"};
              }
              auto read = read_import(mesh, node, key, *own,
                                      std::get<ImportRoster>(*change));
              if (!read) return events::Refusal{read.error().message};
              return taken_drafts(read->news);
            },
            promise);
      });
  return promise;
}

/// From another member: it must be the next one.
caf::result<std::uint64_t> take(Self self, const NodeId& node,
                                const BytesPtr& record) {
  auto promise = self->make_response_promise<std::uint64_t>();
  auto decide = [self, node,
                 record](const events::Moment&) -> events::Decision {
    auto mesh = self->state.roster.mesh;
    if (!mesh.founded()) return events::Refusal{"this node is in no mesh"};
    if (mesh.authority == node)
      return events::Refusal{"this node is the authority itself"};
    if (auto taken = take_record(mesh, *record); !taken) {
      mark(RarePath::record_refused);
      return events::Refusal{taken.error().message};
    }
    return taken_drafts({*record});
  };
  self->state.aggregate.command(
      {{schema::PrincipalKind::actor, MeshState::name}, {}, {}}, decide,
      [self, promise](const auto& result) {
        answer(promise,
               result ? Result<std::uint64_t>{self->state.roster.mesh.version}
                      : result);
      });
  return promise;
}

// -- export -------------------------------------------------------------------

Result<EntriesPtr> authority_records(const Entries& own) {
  auto records = std::make_shared<Entries>();
  for (const auto& one : own) {
    auto record = authority_record(one);
    if (!record) return record.error();
    records->push_back(std::move(*record));
  }
  return EntriesPtr{std::move(records)};
}

/// The sequence of an entry by which a node introduces itself; nothing for any
/// other.
std::optional<std::uint64_t> introduction_sequence(const Bytes& record) {
  store::AlignedBytes aligned;
  auto opened = store::open_record(record, aligned);
  if (!opened) return std::nullopt;
  switch (opened->entry->payload_type()) {
    case schema::Event::NodeInitialised:
    case schema::Event::NodeRejoined:
    case schema::Event::NodeKeyRotated:
    case schema::Event::TunnelKeyMade:
      return opened->entry->sequence();
    default:
      return std::nullopt;
  }
}

Result<EntriesPtr> introduction(const Entries& life, const Entries& device) {
  if (device.empty())
    return refused("the tunnels of this node have no key yet; try again");
  std::map<std::uint64_t, Bytes> in_order;
  for (const auto* records : {&life, &device})
    for (const auto& record : *records)
      if (auto sequence = introduction_sequence(record))
        in_order[*sequence] = record;
  auto introducing = std::make_shared<Entries>();
  for (auto& [sequence, record] : in_order)
    introducing->push_back(std::move(record));
  return EntriesPtr{std::move(introducing)};
}

caf::result<EntriesPtr> export_records(Self self, const MeshParts& parts) {
  if (!self->state.told) return to_message(not_read_yet());
  auto promise = self->make_response_promise<EntriesPtr>();
  auto failed = [promise](caf::error& error) {
    answer(promise, Result<EntriesPtr>{from_message(error)});
  };
  auto ask = [self, parts](const char* stream) {
    return self->request(parts.ledger, caf::infinite, records_atom::value,
                         std::string{stream}, std::uint64_t{0}, all);
  };
  if (self->state.roster.mesh.founded()) {
    ask(events::roster_stream)
        .then(
            [promise](const EntriesPtr& own) {
              answer(promise, authority_records(*own));
            },
            failed);
    return promise;
  }
  ask(store::node_stream.data())
      .then(
          [=](const EntriesPtr& life) {
            ask(events::device_stream)
                .then(
                    [=](const EntriesPtr& device) {
                      answer(promise, introduction(*life, *device));
                    },
                    failed);
          },
          failed);
  return promise;
}

}  // namespace

MeshActor::behavior_type mesh_actor(Self self, const MeshParts& parts,
                                    const events::Node& node) {
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& death) {
    std::erase_if(state.followers, [&](const RosterFollower& follower) {
      return caf::actor_cast<caf::actor_addr>(follower) == death.source;
    });
  });
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView bytes) {
         return apply(state, entry, bytes);
       },
       [self] { tell_followers(self); }},
      events::roster_stream);
  return {
      [=, id = node.id](plan_atom, const ChangePtr& change) {
        return plan(self, parts, id, change);
      },
      [=, id = node.id](commit_atom, const ChangePtr& change,
                        const Id& proposal, const store::Principal& principal) {
        return commit(self, parts, id, change, proposal, principal);
      },
      [=, id = node.id](take_atom, const BytesPtr& record) {
        return take(self, id, record);
      },
      [=](export_atom) { return export_records(self, parts); },
      [=](roster_atom) -> caf::result<RosterPtr> {
        if (self->state.told) return self->state.told;
        return to_message(not_read_yet());
      },
      [=](follow_atom, const RosterFollower& follower) {
        follow(self, follower);
      },
  };
}

}  // namespace ppn::actors
