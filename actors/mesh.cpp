#include "actors/mesh.hpp"

#include "actors/rare_path.hpp"
#include "actors/roster_import.hpp"
#include "actors/roster_record.hpp"
#include "events/recovery.hpp"
#include "store/key_rotation.hpp"

namespace ppn::actors {

namespace {

using store::Error;
using store::ErrorCode;
using store::Result;
using Self = MeshActor::stateful_pointer<MeshState>;

constexpr std::uint64_t everything = ~std::uint64_t{0};

Error refused(std::string why) {
  return {ErrorCode::bad_input, std::move(why)};
}

Error not_read_yet() {
  return {ErrorCode::io, "the roster is not read yet; try again"};
}

// -- the roster and who follows it --------------------------------------------

events::Contradiction apply(MeshState& state, const schema::Entry& entry,
                            ByteView bytes) {
  auto epoch = state.roster.mesh.epoch;
  bool was_restating = state.roster.mesh.restating.has_value();
  if (auto contradiction = events::apply(state.roster.mesh, entry))
    return contradiction;
  const auto* taken = entry.payload_as_RosterEntryTaken();
  if (taken != nullptr && epoch != 0 && epoch != state.roster.mesh.epoch)
    mark(was_restating ? RarePath::recovery_overtaken
                       : RarePath::recovery_taken);
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

// -- plan and commit ----------------------------------------------------------

using Planned = std::function<void(const Result<std::vector<std::string>>&)>;

using OwnRosterPtr = std::shared_ptr<const OwnRoster>;

/// What an import is checked against, which is not in memory.
void with_own_roster(
    Self self, const MeshParts& parts,
    const std::function<void(const Result<OwnRosterPtr>&)>& next) {
  auto failed = [next](caf::error& error) { next(from_message(error)); };
  auto ask = [=](const std::string& stream, std::uint64_t limit,
                 std::function<void(const EntriesPtr&)> take) {
    on_answer<EntriesPtr>(
        self->request(parts.ledger, caf::infinite, records_atom::value, stream,
                      std::uint64_t{0}, limit),
        std::move(take), failed);
  };
  on_answer<StatePtr>(
      self->request(parts.ledger, caf::infinite, state_atom::value),
      [=](const StatePtr& all) {
        auto own = std::make_shared<OwnRoster>();
        own->place = place_of(all->state.mesh);
        own->tunnel_key = all->state.device.key;
        auto stream = events::roster_stream_of(all->state.mesh);
        ask(events::roster_stream, 1, [=](const EntriesPtr& founding) {
          own->founding = *founding;
          ask(stream, everything, [=](const EntriesPtr& of_epoch) {
            own->of_epoch = *of_epoch;
            next(OwnRosterPtr{own});
          });
        });
      },
      failed);
}

void plan_import(Self self, const MeshParts& parts, const NodeId& node,
                 const ChangePtr& change, const Planned& done) {
  with_own_roster(self, parts, [=](const Result<OwnRosterPtr>& own) {
    if (!own) return done(own.error());
    auto read = read_import(self->state.roster.mesh, node, **own,
                            std::get<ImportRoster>(*change));
    if (!read) return done(read.error());
    done(read->plan);
  });
}

events::Decision decide_checked(const events::Mesh& mesh, const NodeId& node,
                                const events::MeshCommand& command,
                                const events::Moment& now) {
  if (const auto* recovery = std::get_if<events::RecoverMesh>(&command))
    if (auto wanted = check_recovery(mesh, *recovery); !wanted)
      return events::Refusal{wanted.error().message};
  return events::decide(mesh, node, command, now);
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
    auto decision = decide_checked(mesh, node, *command, now);
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

/// What a file brings, if the roster is as it was when `own` was read, and
/// `check` has nothing against what it becomes.
events::Decision decide_import(
    const events::Mesh& mesh, const OwnRoster& own,
    const std::function<Result<Import>()>& read,
    const std::function<events::Contradiction(const events::Mesh&)>& check) {
  if (own.place != place_of(mesh)) {
    mark(RarePath::import_overtaken);
    return events::Refusal{"the roster has changed meanwhile; try again"};
  }
  auto import = read();
  if (!import) return events::Refusal{import.error().message};
  if (auto wrong = check(import->mesh)) return events::Refusal{*wrong};
  return taken_drafts(import->news);
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
          return decide_checked(self->state.roster.mesh, node, *command, now);
        },
        promise);
    return promise;
  }
  with_own_roster(self, parts, [=](const Result<OwnRosterPtr>& own) {
    if (!own) return answer(promise, Result<std::uint64_t>{own.error()});
    record(
        self, origin,
        [=, own = *own](const events::Moment&) {
          const auto& mesh = self->state.roster.mesh;
          return decide_import(
              mesh, *own,
              [&] {
                return read_import(mesh, node, *own,
                                   std::get<ImportRoster>(*change));
              },
              [](const events::Mesh&) { return events::Contradiction{}; });
        },
        promise);
  });
  return promise;
}

// -- ceremonies ---------------------------------------------------------------

/// Whoever invited is who the roster says that it is.
events::Contradiction check_invitation(const WelcomedRoster& welcomed,
                                       const events::Mesh& mesh) {
  const auto* authority = mesh.authority_member();
  bool is_its_own =
      mesh.id == welcomed.mesh && mesh.authority == welcomed.authority &&
      authority != nullptr && authority->key == welcomed.authority_key;
  if (is_its_own) return {};
  return "the roster is of another mesh or authority than invited this node";
}

events::Decision decide_newcomer(const events::Mesh& mesh, const NodeId& node,
                                 const events::Admit& admit,
                                 const events::Moment& now) {
  auto decided = events::decide_admission(mesh, node, admit, now);
  if (const auto* unwanted = std::get_if<events::Unwanted>(&decided))
    return events::Refusal{unwanted->why};
  return std::move(std::get<events::Admitted>(decided).drafts);
}

caf::result<EntriesPtr> admit(Self self, const MeshParts& parts,
                              const NodeId& node,
                              const AdmissionPtr& admission) {
  auto promise = self->make_response_promise<EntriesPtr>();
  auto record = [=](Aggregate<Self>::Decide decide) {
    self->state.aggregate.command_with(
        {admission->principal, admission->causation, admission->need},
        std::move(decide), admission->events,
        [promise](const auto& recorded) { answer(promise, recorded); });
  };
  const auto& mesh = self->state.roster.mesh;
  if (!std::holds_alternative<WelcomedRoster>(admission->what)) {
    record([=, &mesh](const events::Moment& now) {
      if (const auto* gone = std::get_if<events::TakeBack>(&admission->what))
        return events::decide(mesh, node, *gone, now);
      return decide_newcomer(mesh, node,
                             std::get<events::Admit>(admission->what), now);
    });
    return promise;
  }
  with_own_roster(self, parts, [=, &mesh](const Result<OwnRosterPtr>& own) {
    if (!own) return answer(promise, Result<EntriesPtr>{own.error()});
    record([=, &mesh, own = *own](const events::Moment&) {
      const auto& welcomed = std::get<WelcomedRoster>(admission->what);
      return decide_import(
          mesh, *own,
          [&] { return read_welcome(mesh, node, *own, welcomed.records); },
          [&](const events::Mesh& after) {
            return check_invitation(welcomed, after);
          });
    });
  });
  return promise;
}

// -- from other members -------------------------------------------------------

/// From another member: it must be the next one.
caf::result<std::uint64_t> take(Self self, const NodeId& node,
                                const BytesPtr& record) {
  auto promise = self->make_response_promise<std::uint64_t>();
  auto decide = [self, node,
                 record](const events::Moment&) -> events::Decision {
    const auto& mesh = self->state.roster.mesh;
    if (!mesh.founded()) return events::Refusal{"this node is in no mesh"};
    auto claim = claim_of(*record).value_or(RosterClaim{});
    if (mesh.authority == node && claim.place.epoch == mesh.epoch)
      return events::Refusal{"this node is the authority itself"};
    if (claim.author == node)
      return events::Refusal{"this node is said to be its author itself"};
    if (auto taken = after_record(mesh, *record); !taken) {
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

/// The member's own word, which its frame was signed with, is all that it
/// takes.
void take_key_news(Self self, const NodeId& node, const NodeId& member,
                   const KeyNewsPtr& news) {
  self->state.aggregate.command(
      {{schema::PrincipalKind::node, member.hex()}, {}, {}},
      [self, node, member, news](const events::Moment& now) {
        return events::decide_key_news(self->state.roster.mesh, node, member,
                                       *news, now);
      },
      [news](const auto& result) {
        if (result)
          mark(news->is_in_use ? RarePath::tunnel_key_changed
                               : RarePath::tunnel_key_announced);
      });
}

// -- export -------------------------------------------------------------------

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

void introduce(Self self, const MeshParts& parts,
               caf::typed_response_promise<EntriesPtr> promise) {
  auto failed = [promise](caf::error& error) {
    answer(promise, Result<EntriesPtr>{from_message(error)});
  };
  auto ask = [self, parts](const char* stream) {
    return self->request(parts.ledger, caf::infinite, records_atom::value,
                         std::string{stream}, std::uint64_t{0}, everything);
  };
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
}

caf::result<EntriesPtr> introduction_records(Self self,
                                             const MeshParts& parts) {
  auto promise = self->make_response_promise<EntriesPtr>();
  introduce(self, parts, promise);
  return promise;
}

caf::result<EntriesPtr> export_records(Self self, const MeshParts& parts) {
  if (!self->state.told) return to_message(not_read_yet());
  const auto& mesh = self->state.roster.mesh;
  if (mesh.restating)
    return to_message(
        refused("the mesh was recovered by " + events::authority_name(mesh) +
                ", and not all of its roster came yet; try again"));
  auto promise = self->make_response_promise<EntriesPtr>();
  if (mesh.founded()) {
    with_own_roster(self, parts, [promise](const Result<OwnRosterPtr>& own) {
      auto records = own ? whole_roster(**own)
                         : Result<std::vector<Bytes>>{own.error()};
      if (!records) return answer(promise, Result<EntriesPtr>{records.error()});
      answer(promise,
             Result<EntriesPtr>{std::make_shared<const Entries>(*records)});
    });
    return promise;
  }
  introduce(self, parts, promise);
  return promise;
}

// -- its beginning ------------------------------------------------------------

/// The streams are as many as epochs, so the roster is taken from the ledger's
/// state rather than replayed. That does not tell its newest entry.
void begin(Self self, const AggregateParts& parts) {
  auto failed = [self](caf::error& error) { self->quit(error); };
  auto go_on = [self, parts](const events::Mesh& mesh, const Hash& head) {
    self->state.roster = {mesh, head, {mesh.version, std::nullopt}};
    self->state.aggregate.begin_with_state(
        self, parts, {{events::roster_stream_of(mesh), mesh.version}});
  };
  on_answer<StatePtr>(
      self->request(parts.ledger, caf::infinite, state_atom::value),
      [=](const StatePtr& all) {
        const auto& mesh = all->state.mesh;
        if (!mesh.founded()) return go_on(mesh, {});
        on_answer<EntriesPtr>(
            self->request(parts.ledger, caf::infinite, records_atom::value,
                          events::roster_stream_of(mesh), mesh.version - 1,
                          std::uint64_t{1}),
            [=](const EntriesPtr& newest) {
              auto record = newest->empty() ? Result<Bytes>{not_read_yet()}
                                            : authority_record(newest->front());
              if (!record) return self->quit(to_message(record.error()));
              record->resize(record->size() - Signature::size);
              go_on(all->state.mesh, store::link_of(*record));
            },
            failed);
      },
      failed);
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
  begin(self, {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
               [&state](const auto& entry, ByteView bytes) {
                 return apply(state, entry, bytes);
               },
               [self] { tell_followers(self); }});
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
      [=](introduce_atom) { return introduction_records(self, parts); },
      [=](roster_atom) -> caf::result<RosterPtr> {
        if (self->state.told) return self->state.told;
        return to_message(not_read_yet());
      },
      [=, id = node.id](key_atom, const NodeId& member,
                        const KeyNewsPtr& news) {
        take_key_news(self, id, member, news);
      },
      [=, id = node.id](admit_atom, const AdmissionPtr& admission) {
        return admit(self, parts, id, admission);
      },
      [=](follow_atom, const RosterFollower& follower) {
        follow(self, follower);
      },
  };
}

}  // namespace ppn::actors
