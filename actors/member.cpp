#include "actors/member.hpp"

#include <algorithm>

#include "actors/rare_path.hpp"
#include "actors/roster_record.hpp"
#include "store/checkpoint.hpp"
#include "store/signing.hpp"

namespace ppn::actors {

namespace {

using Self = MemberActor::stateful_pointer<MemberState>;

/// Who holds a role tells all members how it is, in so many beats.
constexpr std::uint64_t beats_to_all = 3;
/// Everybody tells one more member in so many, so that nobody can keep a roster
/// from the others by keeping silent.
constexpr std::uint64_t beats_to_another = 6;
/// Out of turn a member is answered at most that often.
constexpr std::uint64_t answer_interval_ns = 1'000'000'000;

struct Context {
  Self self;
  MemberParts parts;
  NodeId node;
};

using Clock = store::ClockReading;

/// Goes on with what the clock says.
void with_clock(const Context& context,
                const std::function<void(const Clock&)>& next) {
  on_answer<Clock>(
      context.self->request(context.parts.clock, caf::infinite,
                            read_atom::value),
      next, [self = context.self](caf::error& error) { self->quit(error); });
}

const events::Mesh* mesh_of(const Context& context) {
  const auto& roster = context.self->state.roster;
  if (!roster || roster->mesh.find(context.node) == nullptr) return nullptr;
  return &roster->mesh;
}

// -- out ----------------------------------------------------------------------

void send(const Context& context, const NodeId& to, const FrameBody& body,
          const Clock& now) {
  const auto* mesh = mesh_of(context);
  const auto* member = mesh == nullptr ? nullptr : mesh->find(to);
  if (member == nullptr || to == context.node) return;
  auto& state = context.self->state;
  auto head = state.guard.next_head(to, *mesh, now.since_boot_ns);
  auto frame = std::make_shared<const Bytes>(build_frame(head, body));
  auto wire = context.parts.wire;
  on_answer<Signature>(
      context.self->request(context.parts.ledger, caf::infinite,
                            sign_atom::value, BytesPtr{frame}),
      [=, address = member->address, &state](const Signature& signature) {
        state.frames_sent += 1;
        context.self->send(wire, datagram_atom::value,
                           std::make_shared<const Datagram>(
                               Datagram{address, seal(*frame, signature)}));
      },
      [](const caf::error&) {});
}

Heartbeat heartbeat_of(const Context& context) {
  const auto& roster = *context.self->state.roster;
  return {roster.mesh.version, roster.head, context.self->state.checkpoint};
}

void beat(const Context& context, const NodeId& to, const Clock& now) {
  if (mesh_of(context) != nullptr)
    send(context, to, heartbeat_of(context), now);
}

/// Whoever is not known to have the roster that this node has.
void beat_those_behind(const Context& context, const Clock& now) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  const auto& heard = context.self->state.heard;
  for (const auto& [node, member] : mesh->members) {
    auto last = heard.find(node);
    if (last == heard.end() || last->second.roster_version < mesh->version)
      beat(context, node, now);
  }
}

void beat_all(const Context& context, const Clock& now) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  for (const auto& [node, member] : mesh->members) beat(context, node, now);
}

/// Answers who does not know us or our roster yet.
void beat_out_of_turn(const Context& context, const NodeId& to,
                      const Clock& now) {
  auto& last = context.self->state.answered_ns[to];
  if (last != 0 && now.since_boot_ns - last < answer_interval_ns) return;
  last = now.since_boot_ns;
  beat(context, to, now);
}

/// The member whose turn it is.
NodeId another(const events::Mesh& mesh, std::uint64_t turn) {
  auto chosen = mesh.members.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(turn % mesh.members.size()));
  return chosen->first;
}

void beat_in_turn(const Context& context, const Clock& now) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  auto& state = context.self->state;
  auto turn = state.ticks++;
  bool has_role = mesh->roles_of(context.node) != schema::Role{};
  if (has_role && turn % beats_to_all == 0) return beat_all(context, now);
  std::set<NodeId> whom{mesh->hub, mesh->controller};
  if (turn % beats_to_another == 0)
    whom.insert(another(*mesh, turn / beats_to_another));
  for (const auto& node : whom) beat(context, node, now);
}

// -- the roster ---------------------------------------------------------------

void ask_for(const Context& context, const NodeId& whom, std::uint64_t version,
             const Clock& now) {
  send(context, whom, RosterRequest{version}, now);
}

/// Whoever gave the newest entry, if it told of more. Nobody else is asked
/// unheard: one who only boasts would be asked for ever.
std::optional<NodeId> who_has_more(const Context& context) {
  auto& state = context.self->state;
  auto giver = std::exchange(state.giver, std::nullopt);
  if (!giver) return std::nullopt;
  auto heard = state.heard.find(*giver);
  bool has_more = heard != state.heard.end() &&
                  heard->second.roster_version > state.roster->mesh.version;
  return has_more ? giver : std::nullopt;
}

/// Most say what the last one said.
void take_checkpoint(MemberState& state, const NodeId& sender,
                     std::string_view text) {
  auto& last = state.checkpoints[sender];
  if (last == text) return;
  last = text;
  if (auto checkpoint = store::parse_checkpoint(text))
    state.heard[sender].ledger_size = checkpoint->head.size;
}

void take_heartbeat(const Context& context, const NodeId& sender,
                    const schema::Heartbeat& beat, const Clock& now) {
  auto& state = context.self->state;
  const auto& roster = *state.roster;
  auto theirs = beat.roster_version();
  state.heard[sender].roster_version = theirs;
  if (beat.checkpoint() != nullptr)
    take_checkpoint(state, sender, beat.checkpoint()->string_view());
  if (theirs > roster.mesh.version)
    return ask_for(context, sender, roster.mesh.version + 1, now);
  if (theirs < roster.mesh.version)
    return beat_out_of_turn(context, sender, now);
  // One of the two was told something else by the authority.
  if (Hash{*beat.roster_hash()} != roster.head)
    ask_for(context, sender, theirs, now);
}

/// Goes on with the authority's record of a version, if this node has it.
void with_record(const Context& context, std::uint64_t version,
                 const std::function<void(const Bytes&)>& next) {
  if (version == 0) return;
  on_answer<EntriesPtr>(
      context.self->request(
          context.parts.ledger, caf::infinite, records_atom::value,
          std::string{events::roster_stream}, version - 1, std::uint64_t{1}),
      [next](const EntriesPtr& records) {
        if (records->empty()) return;
        if (auto record = authority_record(records->front())) next(*record);
      },
      [](const caf::error&) {});
}

void answer_request(const Context& context, const NodeId& sender,
                    std::uint64_t version, const Clock& now) {
  with_record(context, version, [=](const Bytes& record) {
    RosterAnswer answer;
    answer.entry.assign(record.begin(), record.end() - Signature::size);
    answer.signature = Signature{ByteView{record}.last<Signature::size>()};
    send(context, sender, answer, now);
  });
}

void record_clash(const Context& context, const events::ClashNote& note) {
  auto& state = context.self->state;
  Notice notice{"mesh.clash",
                {{"node", note.node.hex()},
                 {"what", events::in_words(note.clash)},
                 {"number", std::to_string(note.number)}}};
  state.aggregate.command(
      {{schema::PrincipalKind::actor, MemberState::name}, {}, {}},
      [&state, note](const events::Moment&) {
        return events::decide_clash(state.clashes, note);
      },
      [context, notice](const auto& result) {
        // Nothing is recorded of what was seen before.
        if (result && *result != 0)
          context.self->send(context.parts.journal, notice_atom::value, notice);
      });
}

/// A record of a version that this node has too: proof if it is another one.
void compare_record(const Context& context, std::uint64_t version,
                    const Bytes& theirs) {
  with_record(context, version, [=](const Bytes& ours) {
    const auto* mesh = mesh_of(context);
    if (mesh == nullptr) return;
    auto author = author_of(*mesh, ours);
    if (author && is_clash(author->key, ours, theirs))
      record_clash(context,
                   {schema::Clash::two_entries, author->node, version, theirs});
  });
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

void take_answer(const Context& context, const NodeId& sender,
                 const schema::RosterAnswer& answer, const Clock& now) {
  auto& state = context.self->state;
  auto record =
      std::make_shared<Bytes>(answer.entry()->begin(), answer.entry()->end());
  Signature signature{*answer.signature()};
  record->insert(record->end(), signature.bytes.begin(), signature.bytes.end());
  store::AlignedBytes aligned;
  auto opened = store::open_record(*record, aligned);
  if (!opened ||
      opened->entry->stream()->string_view() != events::roster_stream)
    return;
  const auto& mesh = state.roster->mesh;
  auto version = opened->entry->stream_version();
  if (version <= mesh.version) return compare_record(context, version, *record);
  if (mesh.authority == context.node) {
    // Signed by this very node, which knows nothing of it.
    if (store::verify(mesh.find(context.node)->key, store::entry_domain,
                      opened->halves.entry, opened->halves.signature))
      record_clash(context,
                   {schema::Clash::two_places, context.node, version, *record});
    return;
  }
  state.giver = sender;
  with_kept<MeshActor>(
      context.self, context.parts.node, "mesh",
      [=](const MeshActor& mesh_actor) {
        on_answer<std::uint64_t>(
            context.self->request(mesh_actor, caf::infinite, take_atom::value,
                                  BytesPtr{record}),
            [](std::uint64_t) {},
            [=](caf::error& error) {
              explain_refusal(context, sender, error, now);
            });
      },
      [](const caf::error&) {});
}

// -- in -----------------------------------------------------------------------

void take_frame(const Context& context, const AcceptedFrame& accepted,
                const Clock& now) {
  auto& state = context.self->state;
  state.frames_taken += 1;
  // It may be an old one that somebody kept.
  if (!accepted.whole) {
    mark(RarePath::frame_introduces);
    return beat_out_of_turn(context, accepted.sender, now);
  }
  auto& heard = state.heard[accepted.sender];
  heard.boot = accepted.frame->boot();
  heard.heard_ns = now.utc_ns;
  const auto& frame = *accepted.frame;
  if (const auto* beat = frame.body_as_Heartbeat())
    take_heartbeat(context, accepted.sender, *beat, now);
  else if (const auto* request = frame.body_as_RosterRequest())
    answer_request(context, accepted.sender, request->version(), now);
  else if (const auto* answer = frame.body_as_RosterAnswer())
    take_answer(context, accepted.sender, *answer, now);
}

void mark_dropped(FrameFault fault) {
  if (fault == FrameFault::replayed) mark(RarePath::frame_replayed);
  if (fault == FrameFault::old_boot) mark(RarePath::frame_of_old_boot);
  if (fault == FrameFault::former_sender) mark(RarePath::frame_of_former);
}

/// Whether a member has that address, or one that was removed had it.
bool is_of_mesh(const events::Mesh& mesh, const events::IpAddress& address) {
  return mesh.holders.addresses.contains(address) ||
         std::any_of(
             mesh.former.begin(), mesh.former.end(),
             [&](const auto& gone) { return gone.second.address == address; });
}

void take_datagram(const Context& context, const DatagramPtr& datagram,
                   const Clock& now) {
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr) return;
  // They must not use up the turns of a member whose address ends like theirs.
  if (!is_of_mesh(*mesh, datagram->peer)) {
    context.self->state.frames_of_strangers += 1;
    return;
  }
  auto checked = context.self->state.guard.check(
      datagram->bytes, datagram->peer, *mesh, now.since_boot_ns);
  if (checked) {
    if (checked->whole) context.self->state.believed = datagram;
    return take_frame(context, *checked, now);
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
  context.self->send(context.parts.wire, bind_atom::value,
                     mesh.find(context.node)->address,
                     caf::actor_cast<DatagramReceiver>(context.self));
}

void take_roster(const Context& context, const RosterPtr& roster) {
  auto& state = context.self->state;
  bool is_news = !state.roster ||
                 state.roster->mesh.version != roster->mesh.version;
  state.roster = roster;
  const auto* mesh = mesh_of(context);
  if (mesh == nullptr || !is_news) return;
  auto is_no_member = [mesh](const auto& one) {
    return mesh->find(one.first) == nullptr;
  };
  std::erase_if(state.heard, is_no_member);
  std::erase_if(state.checkpoints, is_no_member);
  std::erase_if(state.answered_ns, is_no_member);
  std::erase_if(state.refused_ns, is_no_member);
  bind(context, *mesh);
  with_clock(context, [=](const Clock& now) {
    if (mesh_of(context) == nullptr) return;
    // The others are told once there is no more to learn.
    auto more = who_has_more(context);
    if (!more) return beat_those_behind(context, now);
    mark(RarePath::another_asked);
    ask_for(context, *more, context.self->state.roster->mesh.version + 1, now);
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

void tick(const Context& context) {
  context.self->state.mesh.ensure(context.self, context.parts.node);
  if (const auto* mesh = mesh_of(context)) {
    bind(context, *mesh);
    with_checkpoint(context, [=] {
      with_clock(context,
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

events::Contradiction apply(events::Clashes& clashes,
                            const schema::Entry& entry) {
  const auto* seen = entry.payload_as_ClashSeen();
  if (seen == nullptr) return "it is no clash";
  return events::apply(clashes, *seen);
}

}  // namespace

MemberActor::behavior_type member_actor(Self self, const MemberParts& parts,
                                        const events::Node& node) {
  Context context{self, parts, node.id};
  auto& state = self->state;
  self->set_down_handler([&state](const caf::down_msg& death) {
    state.mesh.note_death(death.source);
  });
  state.guard = FrameGuard{node.id, node.boot, parts.nonce};
  state.aggregate.begin(
      self,
      {parts.ledger, parts.clock, [boot = node.boot] { return boot; },
       [&state](const auto& entry, ByteView) {
         return apply(state.clashes, entry);
       },
       [] {}},
      events::clash_stream);
  self->send(self, tick_atom::value);
  return {
      [=](datagram_atom, const DatagramPtr& datagram) {
        self->state.frames_not_taken += datagram->dropped_before;
        with_clock(context, [=](const Clock& now) {
          take_datagram(context, datagram, now);
        });
      },
      [=](roster_atom, const RosterPtr& roster) {
        take_roster(context, roster);
      },
      [=](tick_atom) { tick(context); },
      [=](clash_atom, const events::ClashNote& note) {
        record_clash(context, note);
      },
      [=](status_atom) { return status_of(self->state); },
  };
}

}  // namespace ppn::actors
