#include "actors/member.hpp"

#include <algorithm>

#include "actors/ask_clock.hpp"
#include "actors/rare_path.hpp"
#include "actors/roster_record.hpp"
#include "actors/turns.hpp"
#include "events/gossip.hpp"
#include "events/recovery.hpp"
#include "events/stored_address.hpp"
#include "events/topology.hpp"
#include "store/checkpoint.hpp"
#include "store/signing.hpp"

namespace ppn::actors {

namespace {

using events::place_of;
using events::RosterPlace;
using Self = MemberActor::stateful_pointer<MemberState>;

/// Who holds a role tells all members how it is, in so many beats, and sooner
/// those who may not know.
constexpr std::uint64_t beats_to_all = 6;
constexpr std::uint64_t beats_to_doubtful = 3;
/// Everybody tells one more member in so many, so that nobody can keep a roster
/// from the others by keeping silent.
constexpr std::uint64_t beats_to_another = 24;
/// And who waits to be told that its next key is known, in so many.
constexpr std::uint64_t beats_to_rotating = 3;
/// So often a member that is not heard is told in a row that this boot began.
constexpr std::uint32_t greetings_max = 3;
/// Out of turn a member is answered at most that often.
constexpr std::uint64_t answer_interval_ns = 1'000'000'000;
/// For the beginning of its epoch a member is asked at most that often.
constexpr std::uint64_t compare_interval_ns = 10'000'000'000;
/// How many frames of a member are passed on.
constexpr Rate passed_rate{16, 100'000'000};

struct Context {
  Self self;
  MemberParts parts;
  NodeId node;
};

using Clock = store::ClockReading;

const events::Mesh* mesh_of(const Context& context) {
  const auto& roster = context.self->state.roster;
  if (!roster || roster->mesh.find(context.node) == nullptr) return nullptr;
  return &roster->mesh;
}

// -- out ----------------------------------------------------------------------

constexpr Way through_tunnel{false, {}};

void note_own(const Context& context, const NodeId& node, const Way& way,
              std::size_t received, std::size_t sent) {
  auto bytes = [&](std::size_t size) {
    return size == 0 ? 0 : events::tunnel_bytes(size, !way.by_path);
  };
  OwnBytes own{node, way.by_path, bytes(received), bytes(sent)};
  context.self->state.paths.with(
      context.self, context.parts.node, [=](const PathsActor& paths) {
        context.self->send(paths, own_atom::value, own);
      });
}

void post(const Context& context, const NodeId& to, const Way& way,
          Bytes datagram) {
  const auto* mesh = mesh_of(context);
  const auto* member = mesh == nullptr ? nullptr : mesh->find(to);
  if (member == nullptr) return;
  context.self->state.frames_sent += 1;
  note_own(context, to, way, 0, datagram.size());
  auto address = way.by_path ? member->address
                             : events::tunnel_address(*mesh, *member);
  context.self->send(context.parts.wire, datagram_atom::value,
                     std::make_shared<const Datagram>(
                         Datagram{address, std::move(datagram), 0}));
}

/// Calls `done` once it is on its way, or can not be.
void send(
    const Context& context, const NodeId& to, const FrameBody& body,
    const Clock& now, const Way& way = {},
    const std::function<void()>& done = [] {}) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr || mesh->find(to) == nullptr || to == context.node)
    return done();
  auto& state = context.self->state;
  auto head = state.guard.next_head(to, *mesh, now.since_boot_ns);
  auto frame = build_frame(head, body);
  auto signed_bytes =
      std::make_shared<const Bytes>(signed_part(mesh->id, frame));
  on_answer<Signature>(
      context.self->request(context.parts.ledger, caf::infinite,
                            sign_atom::value, BytesPtr{signed_bytes}),
      [=](const Signature& signature) {
        auto datagram = seal(frame, signature);
        if (way.through)
          send(context, *way.through, Passed{std::move(datagram)}, now,
               through_tunnel);
        else
          post(context, to, way, std::move(datagram));
        done();
      },
      [done](const caf::error&) { done(); });
}

RosterPlace place_of(const MemberHeard& heard) {
  return {heard.roster_epoch, heard.roster_version};
}

/// Whoever was not heard yet, or has another roster, may follow another hub, so
/// that the two agree on no path.
bool is_doubtful(const MemberState& state, const NodeId& node) {
  auto last = state.heard.find(node);
  return last == state.heard.end() ||
         place_of(last->second) != place_of(state.roster->mesh);
}

/// For the controller, once it believes this node. What is passed on has less
/// room, and a heartbeat with a checkpoint leaves the guests to the next.
void tell_of_host(const Context& context, const NodeId& to, const Way& way,
                  Heartbeat& beat) {
  auto& state = context.self->state;
  if (to != state.roster->mesh.controller || way.through ||
      !state.guard.has_heard(to))
    return;
  beat.host = state.host_news.next(beat.checkpoint.empty());
}

/// Whoever begins to listen knows nothing of this host.
void tell_anew(MemberState& state, const NodeId& node) {
  state.told.forget(node);
  if (state.roster && state.roster->mesh.controller == node)
    state.host_news.tell_all();
}

Heartbeat heartbeat_for(const Context& context, const NodeId& to,
                        const Clock& now) {
  auto& state = context.self->state;
  const auto& mesh = state.roster->mesh;
  // It will believe nothing yet.
  if (!state.guard.has_heard(to)) return {mesh.version, {}, {}, mesh.epoch};
  Heartbeat beat{
      mesh.version, state.roster->head, state.checkpoint, mesh.epoch, {}, {}};
  if (to == mesh.authority) beat.key_news = state.key_news;
  if (state.seen_at)
    if (auto seen = state.seen_at->find(to); seen != state.seen_at->end())
      beat.seen_at = seen->second;
  const auto& keys = state.shared->keys;
  if (auto key = keys.find(to); key != keys.end()) beat.preshared = key->second;
  if (!is_doubtful(state, to)) state.told.shorten(beat, to, now.since_boot_ns);
  return beat;
}

void beat(const Context& context, const NodeId& to, const Clock& now,
          const Way& way = {}) {
  if (mesh_of(context) == nullptr || !context.self->state.shared) return;
  auto body = heartbeat_for(context, to, now);
  tell_of_host(context, to, way, body);
  send(context, to, body, now, way);
}

/// Whether it was not heard in this boot, and is told once more that it began,
/// if not so many times already.
bool takes_greeting(MemberState& state, const NodeId& node,
                    std::uint32_t times) {
  if (state.guard.has_heard(node)) return false;
  auto& greetings = state.greetings[node];
  if (greetings >= times) return false;
  greetings += 1;
  return true;
}

/// All who take a greeting, but `others`, who are told anyway.
void greet(const Context& context, std::uint32_t times,
           const std::set<NodeId>& others, const Clock& now) {
  const auto* mesh = mesh_of(context);
  auto& state = context.self->state;
  if (mesh == nullptr || !state.shared) return;
  for (const auto& [node, member] : mesh->members)
    if (!others.contains(node) && takes_greeting(state, node, times))
      beat(context, node, now);
}

/// Who was not greeted yet; and of those who are not known to have the roster
/// that this node has some, who tell the others.
void tell_of_roster(const Context& context, const Clock& now) {
  const auto* mesh = mesh_of(context);
  auto& state = context.self->state;
  if (mesh == nullptr || !state.shared) return;
  auto told = events::told_of_news(*mesh, context.node);
  for (const auto& [node, member] : mesh->members) {
    auto heard = state.heard.find(node);
    bool may_be_behind = heard == state.heard.end() ||
                         place_of(heard->second) < place_of(*mesh);
    if (takes_greeting(state, node, 1) ||
        (may_be_behind && told.contains(node)))
      beat(context, node, now);
  }
}

/// Who is to get another key waits for all to say that they know it: once at
/// once, and then now and then.
void beat_rotating(const Context& context, const Clock& now) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  auto& told = context.self->state.acknowledged;
  for (const auto& [node, member] : mesh->members) {
    if (!member.next_tunnel_key) continue;
    auto& last = told[node];
    if (last != *member.next_tunnel_key) beat(context, node, now);
    last = *member.next_tunnel_key;
  }
}

void tell_in_turn(const Context& context, const NodeId& to, const Clock& now) {
  auto& state = context.self->state;
  if (is_doubtful(state, to)) state.doubtful.insert(to);
  beat(context, to, now);
}

/// Those who may have got nothing by path are told once more, through the
/// tunnel between the two.
void beat_doubtful(const Context& context, const Clock& now) {
  auto& state = context.self->state;
  for (const auto& node : std::exchange(state.doubtful, {}))
    if (is_doubtful(state, node)) beat(context, node, now, through_tunnel);
}

/// Answers who does not know us or our roster yet.
void beat_out_of_turn(const Context& context, const NodeId& to,
                      const Clock& now, const Way& way = {}) {
  auto& last = context.self->state.answered_ns[to];
  if (last != 0 && now.since_boot_ns - last < answer_interval_ns) return;
  last = now.since_boot_ns;
  beat(context, to, now, way);
}

std::set<NodeId> whose_turn(const Context& context, const events::Mesh& mesh) {
  auto& state = context.self->state;
  auto turn = state.ticks++;
  std::set<NodeId> whom{mesh.hub, mesh.controller};
  // It is told too how far the roster got that it decides.
  if (state.key_news || turn % beats_to_all == 0) whom.insert(mesh.authority);
  // Those who were started together do not all tell the same one.
  if (turn % beats_to_another == 0)
    whom.insert(
        events::member_behind(mesh, context.node, 1 + turn / beats_to_another));
  bool has_role = mesh.roles_of(context.node) != schema::Role{};
  bool is_for_all = has_role && turn % beats_to_all == 0;
  bool is_for_doubtful = has_role && turn % beats_to_doubtful == 0;
  bool is_for_rotating = turn % beats_to_rotating == 0;
  for (const auto& [node, member] : mesh.members)
    if (is_for_all || (is_for_doubtful && is_doubtful(state, node)) ||
        (is_for_rotating && member.next_tunnel_key))
      whom.insert(node);
  whom.erase(context.node);
  return whom;
}

void beat_in_turn(const Context& context, const Clock& now) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  beat_doubtful(context, now);
  auto whom = whose_turn(context, *mesh);
  for (const auto& node : whom) tell_in_turn(context, node, now);
  greet(context, greetings_max, whom, now);
}

// -- the roster ---------------------------------------------------------------

/// The way that it came. But nobody passes on what is of the roster.
void answer(const Context& context, const Correspondent& whom,
            const FrameBody& body, const Clock& now) {
  send(context, whom.node, body, now, whom.way.through ? Way{} : whom.way);
}

void ask_for(const Context& context, const Correspondent& whom,
             const RosterPlace& place, const Clock& now) {
  answer(context, whom, RosterRequest{place.version, place.epoch}, now);
}

/// What this node lacks of what another one has.
RosterPlace next_of(const events::Mesh& mesh, const RosterPlace& theirs) {
  if (theirs.epoch > mesh.epoch) return {theirs.epoch, 1};
  return {mesh.epoch, mesh.version + 1};
}

/// Whoever gave the newest entry, if it told of more. Nobody else is asked
/// unheard: one who only boasts would be asked for ever.
std::optional<Correspondent> who_has_more(const Context& context) {
  auto& state = context.self->state;
  auto giver = std::exchange(state.giver, std::nullopt);
  if (!giver) return std::nullopt;
  auto heard = state.heard.find(giver->node);
  bool has_more = heard != state.heard.end() &&
                  place_of(heard->second) > place_of(state.roster->mesh);
  return has_more ? giver : std::nullopt;
}

void take_checkpoint(const Context& context, const NodeId& sender,
                     const std::string& text) {
  auto& state = context.self->state;
  auto checkpoint = store::parse_checkpoint(text);
  if (!checkpoint) return;
  state.heard[sender].ledger_size = checkpoint->head.size;
  state.witness.with(
      context.self, context.parts.node, [=](const WitnessActor& witness) {
        context.self->send(witness, take_atom::value, sender, text);
      });
}

/// Goes on with the authority's record at a place, if it is of this node's
/// epoch, and there.
void with_record(const Context& context, const RosterPlace& place,
                 const std::function<void(const Bytes&)>& next) {
  const auto& mesh = context.self->state.roster->mesh;
  if (place.version == 0 || place.epoch != mesh.epoch) return;
  on_answer<EntriesPtr>(
      context.self->request(context.parts.ledger, caf::infinite,
                            records_atom::value, events::roster_stream_of(mesh),
                            place.version - 1, std::uint64_t{1}),
      [next](const EntriesPtr& records) {
        if (records->empty()) return;
        if (auto record = authority_record(records->front())) next(*record);
      },
      [](const caf::error&) {});
}

/// For who may follow another recovery: each begins its epoch. However often
/// somebody shows what does not fit, it is asked now and then.
void ask_for_beginning(const Context& context, const Correspondent& whom,
                       std::uint64_t epoch, const Clock& now) {
  auto& last = context.self->state.compared_ns[whom.node];
  if (epoch == 1 ||
      (last != 0 && now.since_boot_ns - last < compare_interval_ns))
    return;
  last = now.since_boot_ns;
  ask_for(context, whom, {epoch, 1}, now);
}

/// One who is behind in the epoch may follow another recovery.
void compare_with_behind(const Context& context, const Correspondent& sender,
                         const RosterPlace& theirs, const Hash& head,
                         const Clock& now) {
  if (theirs.epoch == 1) return;
  with_record(context, theirs, [=](const Bytes& record) {
    ByteView entry{record.data(), record.size() - Signature::size};
    if (store::link_of(entry) != head)
      ask_for_beginning(context, sender, theirs.epoch, now);
  });
}

void tell_place(const Context& context, HeardPlace place) {
  auto heard = std::make_shared<const HeardPlace>(std::move(place));
  context.self->state.paths.with(
      context.self, context.parts.node, [=](const PathsActor& paths) {
        context.self->send(paths, word_atom::value, heard);
      });
}

void take_key_news(const Context& context, const NodeId& sender,
                   const schema::KeyNews& told) {
  const auto* mesh = mesh_of(context);
  auto news = std::make_shared<const events::KeyNews>(
      events::KeyNews{events::TunnelKey{*told.key()}, told.is_in_use()});
  if (mesh->authority != context.node ||
      !events::is_lacking(*mesh, sender, *news))
    return;
  with_kept<MeshActor>(
      context.self, context.parts.node, "mesh",
      [=](const MeshActor& mesh_actor) {
        context.self->send(mesh_actor, key_atom::value, sender,
                           KeyNewsPtr{news});
      },
      [](const caf::error&) {});
}

/// If it told of the very entry that is the newest here, also before it was.
void note_agreed(const MemberState& state, const NodeId& node,
                 MemberHeard& heard) {
  auto ours = place_of(state.roster->mesh);
  auto head = state.heads.find(node);
  if (place_of(heard) == ours && head != state.heads.end() &&
      head->second == state.roster->head)
    heard.agreed = ours;
}

/// The scheduler keeps it in mind, if this node is the controller.
void take_host(const Context& context, const NodeId& sender,
               const schema::Heartbeat& beat) {
  auto& state = context.self->state;
  if (state.roster->mesh.controller != context.node) return;
  auto heard =
      std::make_shared<const HeardHost>(HeardHost{sender, read_host(beat)});
  state.scheduler.with(
      context.self, context.parts.node, [=](const SchedulerActor& scheduler) {
        context.self->send(scheduler, observed_atom::value, heard);
      });
}

void take_heartbeat(const Context& context, const Correspondent& sender,
                    const schema::Heartbeat& beat, const Clock& now) {
  auto& state = context.self->state;
  take_host(context, sender.node, beat);
  const auto& roster = *state.roster;
  RosterPlace theirs{beat.roster_epoch(), beat.roster_version()};
  auto& heard = state.heard[sender.node];
  bool is_elsewhere = place_of(heard) != theirs;
  bool has_moved = is_elsewhere && heard.roster_version != 0;
  if (is_elsewhere) state.heads.erase(sender.node);
  heard.roster_epoch = theirs.epoch;
  heard.roster_version = theirs.version;
  if (beat.seen_at() != nullptr)
    tell_place(context,
               {sender.node, {}, events::read_endpoint(*beat.seen_at())});
  if (beat.key_news() != nullptr)
    take_key_news(context, sender.node, *beat.key_news());
  if (beat.checkpoint() != nullptr)
    take_checkpoint(context, sender.node, beat.checkpoint()->str());
  auto ours = place_of(roster.mesh);
  if (beat.roster_hash() != nullptr) {
    state.heads[sender.node] = Hash{*beat.roster_hash()};
    auto preshared = beat.preshared() == nullptr ? Hash{}
                                                 : Hash{*beat.preshared()};
    bool is_news = heard.preshared != preshared;
    heard.preshared = preshared;
    heard.preshared_ns = now.since_boot_ns;
    if (is_news)
      state.sharer.with([=](const PairingActor& pairing) {
        context.self->send(pairing, preshared_atom::value, sender.node);
      });
  }
  note_agreed(state, sender.node, heard);
  auto head = state.heads.find(sender.node);
  bool is_head_known = head != state.heads.end();
  if (theirs > ours)
    return ask_for(context, sender, next_of(roster.mesh, theirs), now);
  if (theirs < ours) {
    beat_out_of_turn(context, sender.node, now, sender.way);
    if (theirs.epoch == ours.epoch && is_head_known)
      compare_with_behind(context, sender, theirs, head->second, now);
    return;
  }
  // It may not know how far this node is, either.
  if (has_moved) beat_out_of_turn(context, sender.node, now, sender.way);
  // One of the two was told something else by the authority.
  if (is_head_known && head->second != roster.head)
    ask_for(context, sender, theirs, now);
}

void answer_request(const Context& context, const Correspondent& sender,
                    const RosterPlace& place, const Clock& now) {
  with_record(context, place, [=](const Bytes& record) {
    RosterAnswer found;
    found.entry.assign(record.begin(), record.end() - Signature::size);
    found.signature = Signature{ByteView{record}.last<Signature::size>()};
    answer(context, sender, found, now);
  });
}

/// Whatever speaks against a member.
void record_clash(const Context& context, const events::ClashNote& note) {
  context.self->state.witness.with(
      context.self, context.parts.node, [=](const WitnessActor& witness) {
        context.self->send(witness, clash_atom::value, note);
      });
}

/// A record of a place that this node has too: proof if it is another one. Of
/// two who follow other authorities the first entry of the epoch is the proof.
void compare_record(const Context& context, const Correspondent& sender,
                    const RosterClaim& claim, const Bytes& theirs,
                    const Clock& now) {
  with_record(context, claim.place, [=](const Bytes& ours) {
    const auto* mesh = mesh_of(context);
    if (mesh == nullptr || ours == theirs) return;
    auto author = author_of(*mesh, ours);
    if (author && is_clash(author->key, ours, theirs))
      return record_clash(context, {schema::Clash::two_entries, author->node,
                                    claim.place.version, theirs});
    if (is_recovery_clash(*mesh, ours, theirs))
      return record_clash(context, {schema::Clash::two_recoveries, claim.author,
                                    claim.place.epoch, theirs});
    if (claim.place.version > 1)
      ask_for_beginning(context, sender, claim.place.epoch, now);
  });
}

bool is_signed_by(const events::Mesh& mesh, const RosterClaim& claim,
                  const Bytes& record) {
  const auto* member = mesh.find(claim.author);
  auto halves = store::split_record(record);
  return member != nullptr && halves &&
         store::verify(member->key, store::entry_domain, halves->entry,
                       halves->signature);
}

/// Says why, but not as often as somebody likes to send what is wrong.
void explain_refusal(const Context& context, const NodeId& sender,
                     const caf::error& error, const Clock& now) {
  auto& last = context.self->state.refused_ns[sender];
  if (last != 0 && now.since_boot_ns - last < explain_interval_ns) return;
  last = now.since_boot_ns;
  context.self->send(
      context.parts.journal, notice_atom::value,
      Notice{"roster.refused",
             {{"from", sender.hex()}, {"why", from_message(error).message}}});
}

void take_answer(const Context& context, const Correspondent& sender,
                 const schema::RosterAnswer& told, const Clock& now) {
  auto& state = context.self->state;
  auto record =
      std::make_shared<Bytes>(told.entry()->begin(), told.entry()->end());
  Signature signature{*told.signature()};
  record->insert(record->end(), signature.bytes.begin(), signature.bytes.end());
  auto claim = claim_of(*record);
  if (!claim) return;
  const auto& mesh = state.roster->mesh;
  bool is_of_epoch = claim->place.epoch == mesh.epoch;
  if (is_of_epoch && claim->place.version <= mesh.version)
    return compare_record(context, sender, *claim, *record, now);
  if (claim->author == context.node) {
    // Signed by this very node, which knows nothing of it.
    if (claim->place.epoch >= mesh.epoch && is_signed_by(mesh, *claim, *record))
      record_clash(context, {schema::Clash::two_places, context.node,
                             claim->place.version, *record});
    return;
  }
  // Nobody else signs what follows this node's recovery.
  if (is_of_epoch && mesh.authority == context.node)
    return ask_for_beginning(context, sender, mesh.epoch, now);
  state.giver = sender;
  auto epoch = claim->place.epoch;
  with_kept<MeshActor>(
      context.self, context.parts.node, "mesh",
      [=](const MeshActor& mesh_actor) {
        on_answer<std::uint64_t>(
            context.self->request(mesh_actor, caf::infinite, take_atom::value,
                                  BytesPtr{record}),
            [](std::uint64_t) {},
            [=](caf::error& error) {
              explain_refusal(context, sender.node, error, now);
              if (is_of_epoch) ask_for_beginning(context, sender, epoch, now);
            });
      },
      [](const caf::error&) {});
}

// -- paths --------------------------------------------------------------------

void send_letter(const Context& context, const events::PathLetter& letter) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    send(context, letter.to, letter.word, now, {false, letter.through});
  });
}

void send_whereabouts(const Context& context,
                      const events::WhereaboutsLetter& letter) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    send(context, letter.to, letter.what, now,
         letter.knocks ? through_tunnel : Way{});
  });
}

void take_word(const Context& context, const FrameHead& head, const Way& way,
               const schema::PathWord& word) {
  // A relay could unpack it: that says nothing of the tunnel between the two.
  if (way.by_path) return;
  auto heard = std::make_shared<const events::HeardWord>(events::HeardWord{
      head.sender, way.through, read_word(word), {head.boot, head.counter}});
  context.self->state.paths.with(
      context.self, context.parts.node, [=](const PathsActor& paths) {
        context.self->send(paths, word_atom::value, heard);
      });
}

// -- keys ---------------------------------------------------------------------

void take_own_news(const Context& context, const KeyNewsPtr& news) {
  auto& state = context.self->state;
  auto before =
      std::exchange(state.key_news, news ? std::optional{*news} : std::nullopt);
  if (!news || before == state.key_news) return;
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    if (const auto* mesh = mesh_of(context))
      beat(context, mesh->authority, now);
  });
}

/// Each of the two waits to hear that the other one has the key, too. And who
/// has it no more says so while a session that it made lasts.
void take_shared(const Context& context, const SharedKeysPtr& shared) {
  auto before = std::exchange(context.self->state.shared, shared);
  if (!before)
    return with_clock(context.self, context.parts.clock,
                      [=](const Clock& now) { greet(context, 1, {}, now); });
  std::set<NodeId> changed;
  auto note_changed = [&](const auto& keys, const auto& others) {
    for (const auto& [node, hash] : keys) {
      auto other = others.find(node);
      if (other == others.end() || other->second != hash) changed.insert(node);
    }
  };
  note_changed(before->keys, shared->keys);
  note_changed(shared->keys, before->keys);
  if (changed.empty()) return;
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    for (const auto& node : changed) beat(context, node, now);
  });
}

caf::result<bool> tell_of_switch(const Context& context,
                                 const events::KeySwitch& word) {
  auto promise = context.self->make_response_promise<bool>();
  with_clock(context.self, context.parts.clock, [=](const Clock& now) mutable {
    const auto* mesh = mesh_of(context);
    if (mesh == nullptr) {
      promise.deliver(false);
      return;
    }
    auto left = std::make_shared<std::size_t>(mesh->members.size());
    for (const auto& [node, member] : mesh->members)
      send(context, node, word, now, {}, [=]() mutable {
        if (--*left == 0) promise.deliver(true);
      });
  });
  return promise;
}

/// What becomes of guests the controller is told at once.
void take_headroom(const Context& context, const HeadroomPtr& headroom) {
  auto& news = context.self->state.host_news;
  if (!headroom) {
    news = {};
    return;
  }
  if (!news.note(headroom->report, headroom->guests)) return;
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    const auto* mesh = mesh_of(context);
    if (mesh == nullptr) return;
    beat(context, mesh->controller, now);
    // Beside a new checkpoint there was no room for them.
    if (context.self->state.host_news.has_guests_to_tell())
      beat(context, mesh->controller, now);
  });
}

/// All that it lacks of this host.
void take_host_request(const Context& context, const Correspondent& sender,
                       const Clock& now) {
  auto& state = context.self->state;
  if (state.roster->mesh.controller != sender.node) return;
  state.host_news.tell_all();
  beat_out_of_turn(context, sender.node, now, sender.way);
}

void ask_of_host(const Context& context, const NodeId& node) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    send(context, node, HostRequest{}, now);
  });
}

// -- dispatches ---------------------------------------------------------------

template <class Body>
void send_of_fleet(const Context& context, const NodeId& to,
                   const std::shared_ptr<const Body>& body) {
  with_clock(context.self, context.parts.clock,
             [=](const Clock& now) { send(context, to, *body, now); });
}

/// Whether it may want anything is for that actor to see.
void take_dispatch(const Context& context, const NodeId& sender,
                   const schema::Dispatch& stored) {
  auto dispatch = std::make_shared<const Dispatch>(read_dispatch(stored));
  context.self->state.dispatch.with(
      context.self, context.parts.node, [=](const DispatchActor& actor) {
        context.self->send(actor, dispatch_atom::value, sender, dispatch,
                           BytesPtr{});
      });
}

void take_dispatch_answer(const Context& context, const NodeId& sender,
                          const schema::DispatchAnswer& stored) {
  auto read = read_dispatch_answer(stored);
  if (!read) return;
  auto answer = std::make_shared<const DispatchAnswer>(std::move(*read));
  context.self->state.scheduler.with(
      context.self, context.parts.node, [=](const SchedulerActor& scheduler) {
        context.self->send(scheduler, answer_atom::value, sender, answer);
      });
}

/// Whether it may ask is for that actor to see, and whether it was asked.
void take_fleet_question(const Context& context, const NodeId& sender) {
  context.self->state.scheduler.with(
      context.self, context.parts.node, [=](const SchedulerActor& scheduler) {
        context.self->send(scheduler, inherit_atom::value, sender);
      });
}

void take_inheritance(const Context& context, const NodeId& sender,
                      const schema::Inheritance& stored) {
  auto inheritance =
      std::make_shared<const Inheritance>(read_inheritance(stored));
  context.self->state.scheduler.with(
      context.self, context.parts.node, [=](const SchedulerActor& scheduler) {
        context.self->send(scheduler, inherit_atom::value, sender,
                           InheritancePtr{inheritance});
      });
}

// -- witnesses ----------------------------------------------------------------

void send_of_witness(const Context& context, const WitnessPost& post) {
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    std::visit([&](const auto& letter) { send(context, post.to, letter, now); },
               post.letter);
  });
}

void take_of_witness(const Context& context, const NodeId& sender,
                     WitnessLetter letter, const Bytes& frame) {
  auto heard = std::make_shared<const HeardWitness>(
      HeardWitness{sender, std::move(letter), frame});
  context.self->state.witness.with(
      context.self, context.parts.node, [=](const WitnessActor& witness) {
        context.self->send(witness, letter_atom::value, HeardWitnessPtr{heard});
      });
}

void take_switch(const Context& context, const NodeId& sender,
                 const schema::KeySwitch& told) {
  HeardSwitch heard{sender, {events::TunnelKey{*told.key()}, told.in_ms()}};
  context.self->state.paths.with(
      context.self, context.parts.node, [=](const PathsActor& paths) {
        context.self->send(paths, key_atom::value, heard);
      });
}

// -- what is passed on --------------------------------------------------------

void take_datagram(const Context& context, const DatagramPtr& datagram,
                   const std::optional<NodeId>& through, const Clock& now);

/// Words of paths, and what introduces their senders; and no more of them than
/// anybody needs, since all come from this node to whoever gets them.
bool may_pass(const Context& context, const NodeId& sender,
              const schema::Frame& frame, const Clock& now) {
  if (frame.body_as_PathWord() == nullptr &&
      frame.body_as_Heartbeat() == nullptr)
    return false;
  return take_turn(context.self->state.passed_from_ns[sender], passed_rate,
                   now.since_boot_ns);
}

/// Passes on what a member sends to another one, and takes what another one
/// sends to this node.
void take_passed(const Context& context, const NodeId& sender,
                 const Bytes& bytes, const Clock& now) {
  const auto* mesh = mesh_of(context);
  store::AlignedBytes aligned;
  auto inner = open_frame(bytes, aligned);
  if (!inner || inner->frame->body_as_Passed() != nullptr) return;
  const auto& recipient = inner->head.recipient;
  if (recipient == context.node) {
    auto relay = mesh->find(sender)->address;
    return take_datagram(
        context, std::make_shared<const Datagram>(Datagram{relay, bytes, 0}),
        sender, now);
  }
  bool is_its_own = inner->head.sender == sender;
  if (!is_its_own || !may_pass(context, sender, *inner->frame, now)) return;
  auto pass = [=](bool passes) {
    if (!passes) return;
    mark(RarePath::word_passed_on);
    send(context, recipient, Passed{bytes}, now, through_tunnel);
  };
  context.self->state.paths.with(
      context.self, context.parts.node, [=](const PathsActor& paths) {
        on_answer<bool>(
            context.self->request(paths, caf::infinite, passed_atom::value,
                                  sender, recipient),
            pass, [](const caf::error&) {});
      });
}

// -- in -----------------------------------------------------------------------

/// One that was overtaken says nothing that is not known better.
bool is_newest_beat(MemberState& state, const FrameHead& head) {
  auto& newest = state.newest_beats[head.sender];
  std::pair said{head.boot, head.counter};
  if (said <= newest) return false;
  newest = said;
  return true;
}

void take_frame(const Context& context, const AcceptedFrame& accepted,
                const Bytes& datagram, const Way& way, const Clock& now) {
  auto& state = context.self->state;
  const auto& head = accepted.head;
  state.frames_taken += 1;
  // It may be an old one that somebody kept.
  if (!accepted.whole) {
    mark(RarePath::frame_introduces);
    tell_anew(state, head.sender);
    return beat_out_of_turn(context, head.sender, now, way);
  }
  auto& heard = state.heard[head.sender];
  bool is_first = heard.boot != head.boot;
  heard.boot = head.boot;
  heard.heard_ns = now.utc_ns;
  // It waits for a frame that was made for its boot, too.
  if (is_first) {
    tell_anew(state, head.sender);
    beat_out_of_turn(context, head.sender, now, way);
  }
  const auto& frame = *accepted.frame;
  Correspondent sender{head.sender, way};
  const auto* beat = frame.body_as_Heartbeat();
  if (beat != nullptr && is_newest_beat(state, head))
    take_heartbeat(context, sender, *beat, now);
  else if (const auto* request = frame.body_as_RosterRequest())
    answer_request(context, sender, {request->epoch(), request->version()},
                   now);
  else if (const auto* told = frame.body_as_RosterAnswer())
    take_answer(context, sender, *told, now);
  else if (const auto* word = frame.body_as_PathWord())
    take_word(context, head, way, *word);
  else if (const auto* where = frame.body_as_Whereabouts())
    tell_place(context, {head.sender, read_whereabouts(*where), {}});
  else if (const auto* key = frame.body_as_KeySwitch())
    take_switch(context, head.sender, *key);
  else if (frame.body_as_HostRequest() != nullptr)
    take_host_request(context, sender, now);
  else if (const auto* dispatch = frame.body_as_Dispatch())
    take_dispatch(context, head.sender, *dispatch);
  else if (const auto* done = frame.body_as_DispatchAnswer())
    take_dispatch_answer(context, head.sender, *done);
  else if (frame.body_as_FleetQuestion() != nullptr)
    take_fleet_question(context, head.sender);
  else if (const auto* left = frame.body_as_Inheritance())
    take_inheritance(context, head.sender, *left);
  else if (const auto* passed = frame.body_as_Passed())
    take_passed(context, head.sender,
                {passed->datagram()->begin(), passed->datagram()->end()}, now);
  else if (auto letter = read_witness_letter(frame))
    take_of_witness(context, head.sender, std::move(*letter), datagram);
}

void mark_dropped(FrameFault fault) {
  if (fault == FrameFault::replayed) mark(RarePath::frame_replayed);
  if (fault == FrameFault::old_boot) mark(RarePath::frame_of_old_boot);
  if (fault == FrameFault::former_sender) mark(RarePath::frame_of_former);
}

/// Whether a member has that address, or one that was removed had it.
bool is_of_mesh(const events::Mesh& mesh, const events::IpAddress& from) {
  auto address = events::own_address(mesh, from);
  return mesh.holders.addresses.contains(address) ||
         std::any_of(
             mesh.former.begin(), mesh.former.end(),
             [&](const auto& gone) { return gone.second.address == address; });
}

void take_datagram(const Context& context, const DatagramPtr& datagram,
                   const std::optional<NodeId>& through, const Clock& now) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  // They must not use up the turns of a member whose address ends like theirs.
  if (!is_of_mesh(*mesh, datagram->peer)) {
    context.self->state.frames_of_strangers += 1;
    return;
  }
  auto checked = context.self->state.guard.check(
      datagram->bytes, datagram->peer, through.has_value(), *mesh,
      now.since_boot_ns);
  if (checked) {
    Way way{!through &&
                events::own_address(*mesh, datagram->peer) == datagram->peer,
            through};
    if (!through)
      note_own(context, checked->head.sender, way, datagram->bytes.size(), 0);
    if (checked->whole) context.self->state.believed = datagram;
    return take_frame(context, *checked, datagram->bytes, way, now);
  }
  const auto& dropped = checked.error();
  mark_dropped(dropped.fault);
  if (dropped.explain)
    context.self->send(
        context.parts.journal, notice_atom::value,
        Notice{"frame.dropped",
               {{"from", datagram->peer.text()},
                {"why", std::string{name_of(dropped.fault).words}}}});
  if (dropped.clash)
    record_clash(context, {schema::Clash::two_places, dropped.clash->node,
                           dropped.clash->boot, dropped.clash->evidence});
}

void bind(const Context& context, const events::Mesh& mesh) {
  const auto& own = *mesh.find(context.node);
  context.self->send(context.parts.wire, bind_atom::value, own.address,
                     events::tunnel_address(mesh, own),
                     caf::actor_cast<DatagramReceiver>(context.self));
}

void tell_of_recovery(const Context& context, const events::Mesh& mesh) {
  context.self->send(context.parts.journal, notice_atom::value,
                     Notice{"mesh.recovered",
                            {{"authority", events::authority_name(mesh)},
                             {"epoch", std::to_string(mesh.epoch)}}});
}

void take_roster(const Context& context, const RosterPtr& roster) {
  auto& state = context.self->state;
  bool is_news = !state.roster ||
                 place_of(state.roster->mesh) != place_of(roster->mesh);
  bool is_recovered = state.roster && state.roster->mesh.founded() &&
                      state.roster->mesh.epoch != roster->mesh.epoch;
  bool has_other_controller = state.roster && state.roster->mesh.controller !=
                                                  roster->mesh.controller;
  state.roster = roster;
  if (has_other_controller) state.host_news.tell_all();
  if (is_recovered) tell_of_recovery(context, roster->mesh);
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr || !is_news) return;
  auto is_no_member = [mesh](const auto& one) {
    return mesh->find(one.first) == nullptr;
  };
  std::erase_if(state.heard, is_no_member);
  std::erase_if(state.greetings, is_no_member);
  std::erase_if(state.answered_ns, is_no_member);
  std::erase_if(state.refused_ns, is_no_member);
  std::erase_if(state.compared_ns, is_no_member);
  std::erase_if(state.acknowledged, is_no_member);
  std::erase_if(state.heads, is_no_member);
  std::erase_if(state.newest_beats, is_no_member);
  state.told.keep_members(*mesh);
  for (auto& [node, heard] : state.heard) note_agreed(state, node, heard);
  bind(context, *mesh);
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    if (mesh_of(context) == nullptr) return;
    // The others are told once there is no more to learn.
    auto more = who_has_more(context);
    if (!more) {
      tell_of_roster(context, now);
      return beat_rotating(context, now);
    }
    mark(RarePath::another_asked);
    auto theirs = place_of(context.self->state.heard.at(more->node));
    ask_for(context, *more, next_of(*mesh_of(context), theirs), now);
  });
}

/// Goes on once the checkpoint is the newest.
void with_checkpoint(const Context& context,
                     const std::function<void()>& next) {
  auto& state = context.self->state;
  on_answer<LedgerStatus>(
      context.self->request(context.parts.ledger, caf::infinite,
                            status_atom::value),
      [=, &state](const LedgerStatus& ledger) {
        state.checkpoint = ledger.checkpoint;
        next();
      },
      [](const caf::error&) {});
}

/// Who is seen elsewhere learns of it at once. That is no answer: what it says
/// to that gets one.
void take_seen_at(const Context& context, const SeenAtPtr& seen_at) {
  auto before = std::exchange(context.self->state.seen_at, seen_at);
  with_clock(context.self, context.parts.clock, [=](const Clock& now) {
    for (const auto& [node, endpoint] : *seen_at) {
      auto last = before ? before->find(node) : seen_at->end();
      bool is_known = before && last != before->end();
      if (!is_known || last->second != endpoint) beat(context, node, now);
    }
  });
}

void tick(const Context& context) {
  auto& state = context.self->state;
  state.mesh.ensure(context.self, context.parts.node);
  ensure_told(context.self, context.parts.node, state.sharer,
              state.shared != nullptr);
  state.headroom.ensure(context.self, context.parts.node);
  if (const auto* mesh = mesh_of(context)) {
    bind(context, *mesh);
    with_checkpoint(context, [=] {
      with_clock(context.self, context.parts.clock,
                 [=](const Clock& now) { beat_in_turn(context, now); });
    });
  }
  context.self->delayed_send(context.self, heartbeat_interval,
                             tick_atom::value);
}

MemberStatusPtr status_of(const MemberState& state) {
  auto status = std::make_shared<MemberStatus>();
  status->heard = state.heard;
  for (std::size_t i = 0; i < state.guard.dropped().size(); ++i)
    if (state.guard.dropped()[i] != 0)
      status->dropped.emplace(name_of(static_cast<FrameFault>(i)).label,
                              state.guard.dropped()[i]);
  if (state.frames_of_strangers != 0)
    status->dropped.emplace("stranger", state.frames_of_strangers);
  if (state.frames_not_taken != 0)
    status->dropped.emplace("not_taken", state.frames_not_taken);
  status->frames_sent = state.frames_sent;
  status->frames_taken = state.frames_taken;
  return status;
}

}  // namespace

MemberActor::behavior_type member_actor(Self self, const MemberParts& parts,
                                        const events::Node& node) {
  Context context{self, parts, node.id};
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
    state.paths.note_death(death.source);
    state.sharer.note_death(death.source);
    state.headroom.note_death(death.source);
    state.scheduler.note_death(death.source);
    state.dispatch.note_death(death.source);
    state.witness.note_death(death.source);
  });
  state.guard = FrameGuard{node.id, node.boot, parts.nonce};
  self->send(self, tick_atom::value);
  return {
      [=](datagram_atom, const DatagramPtr& datagram) {
        self->state.frames_not_taken += datagram->dropped_before;
        with_clock(context.self, context.parts.clock, [=](const Clock& now) {
          take_datagram(context, datagram, std::nullopt, now);
        });
      },
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](letter_atom, const PathLetterPtr& letter) {
        send_letter(context, *letter);
      },
      [=](letter_atom, const WhereaboutsLetterPtr& letter) {
        send_whereabouts(context, *letter);
      },
      [=](take_atom, const NodeId& whose, const std::string& checkpoint) {
        take_checkpoint(context, whose, checkpoint);
      },
      [=](preshared_atom, const SharedKeysPtr& shared) {
        take_shared(context, shared);
      },
      [=](seen_atom, const SeenAtPtr& seen_at) {
        take_seen_at(context, seen_at);
      },
      [=](key_atom, const KeyNewsPtr& news) { take_own_news(context, news); },
      [=](key_atom, const events::KeySwitch& word) {
        return tell_of_switch(context, word);
      },
      [=](headroom_atom, const HeadroomPtr& headroom) {
        take_headroom(context, headroom);
      },
      [=](headroom_atom, const NodeId& whose) { ask_of_host(context, whose); },
      [=](dispatch_atom, const NodeId& to, const DispatchPtr& dispatch) {
        send_of_fleet(context, to, dispatch);
      },
      [=](answer_atom, const NodeId& to, const DispatchAnswerPtr& answer) {
        send_of_fleet(context, to, answer);
      },
      [=](inherit_atom, const NodeId& whom) {
        send_of_fleet(context, whom, std::make_shared<const FleetQuestion>());
      },
      [=](inherit_atom, const NodeId& to, const InheritancePtr& inheritance) {
        send_of_fleet(context, to, inheritance);
      },
      [=](tick_atom) { tick(context); },
      [=](letter_atom, const WitnessPostPtr& post) {
        send_of_witness(context, *post);
      },
      [=](status_atom) { return status_of(self->state); },
  };
}

}  // namespace ppn::actors
