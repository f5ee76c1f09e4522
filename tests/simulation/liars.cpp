#include "tests/simulation/liars.hpp"

#include <algorithm>

#include "actors/member.hpp"
#include "actors/paths.hpp"
#include "events/topology.hpp"

namespace ppn::simulation {

namespace {

constexpr std::uint64_t lie_ns = 20 * second;
/// Words that are said by the path of packets have such numbers, and others
/// never get that far.
constexpr std::uint64_t first_by_path = 1ULL << 62U;
/// Many more than are passed on at once, and few enough to be listened to.
constexpr int flood_frames = 80;
/// Twice as many as are passed on at once: who does it may have been spawned
/// again meanwhile.
constexpr std::uint64_t passed_max = 40;
constexpr std::uint64_t a_while_ns = minute;
constexpr std::uint64_t passed_interval_ns = second / 10;

/// As it knows by itself: it was there for so many turns.
constexpr int turns_to_know = 4;

events::Endpoint local_endpoint(const Host& host) {
  return {host.router ? host.inside : host.outside,
          host.device.shown().listen_port};
}

}  // namespace

Liars::Liars(Scene& scene, Datagrams& datagrams, FalseDispatches& dispatches)
    : scene_(scene), datagrams_(datagrams), dispatches_(dispatches) {
  datagrams.on_sent = [this](const Host& from, const schema::Frame& frame) {
    check_sent(from, frame);
  };
}

void Liars::begin() {
  for (auto& host : scene_.hosts) {
    note_stay(host);
    if (host.lies) lie(host);
  }
  scene_.plan(lie_ns, [this] { begin(); });
}

void Liars::note_stay(const Host& host) {
  auto& [at, turns] = stays_[host.index];
  auto now = local_endpoint(host);
  turns = at == now ? turns + 1 : 0;
  at = now;
}

// -- lies ---------------------------------------------------------------------

void Liars::lie(Host& host) {
  const auto& mesh = host.shadow.state().mesh;
  auto to = some_other(host, {});
  if (!host.process || host.is_suspended || !to) return;
  events::PathWord word{first_by_path + scene_.random.below(1'000), false, {}};
  const auto& at = mesh.find(*to)->address;
  switch (scene_.random.below(12)) {
    case 0:
      return flood(host, *to);
    case 1:
    case 2:
    case 3:
    case 4:
      return say(host, *to, at, word);
    case 5:
    case 6:
    case 7:
      return dispatch(host, *to);
    default:
      return say(host, *to, at, somewhere(mesh, *to));
  }
}

std::optional<NodeId> Liars::some_other(const Host& host, const NodeId& third) {
  std::vector<NodeId> all;
  const auto& mesh = host.shadow.state().mesh;
  const auto& self = host.shadow.state().node.id;
  if (mesh.find(self) == nullptr) return std::nullopt;
  for (const auto& [node, member] : mesh.members)
    if (node != self && node != third) all.push_back(node);
  if (all.empty()) return std::nullopt;
  return all[scene_.random.below(all.size())];
}

Bytes Liars::sealed(Host& host, const NodeId& to,
                    const actors::FrameBody& body) {
  auto* member =
      host.process->look_into_kept<actors::MemberState, actors::MemberActor>();
  if (member == nullptr || !member->roster) return {};
  auto head = member->guard.next_head(to, member->roster->mesh,
                                      scene_.read_clock(host).since_boot_ns);
  auto frame = actors::build_frame(head, body);
  auto signature = sign(host, store::frame_domain,
                        actors::signed_part(member->roster->mesh.id, frame));
  return signature ? actors::seal(frame, *signature) : Bytes{};
}

void Liars::say(Host& host, const NodeId& to, const events::IpAddress& at,
                const actors::FrameBody& body) {
  auto datagram = sealed(host, to, body);
  if (datagram.empty()) return;
  datagrams_.send(host, std::make_shared<const actors::Datagram>(
                            actors::Datagram{at, std::move(datagram), 0}));
}

void Liars::dispatch(Host& host, const NodeId& to) {
  const auto* victim = scene_.host_of(to);
  if (victim == nullptr) return;
  const auto& member = *host.shadow.state().mesh.find(to);
  if (auto lie = dispatches_.make(host, *victim))
    say(host, to, member.address, *lie);
}

/// By somebody else, who is to look guilty.
void Liars::flood(Host& host, const NodeId& relay) {
  const auto& mesh = host.shadow.state().mesh;
  auto victim = some_other(host, relay);
  // What it says itself would not be listened to meanwhile.
  if (!victim || scene_.is_clear()) return;
  scene_.trace.note(host.index, "floods");
  // Those that are overtaken would count for nothing.
  scene_.clear_until_ns =
      std::max(scene_.clear_until_ns, scene_.now() + second);
  auto at = events::tunnel_address(mesh, *mesh.find(relay));
  for (int i = 0; i < flood_frames; ++i) {
    auto inner = sealed(host, *victim, events::PathWord{});
    if (!inner.empty()) say(host, relay, at, actors::Passed{inner});
  }
}

/// Nowhere that anybody should be called.
events::Whereabouts Liars::somewhere(const events::Mesh& mesh,
                                     const NodeId& victim) {
  events::Whereabouts where;
  where.is_answer = scene_.one_in(2);
  auto port = static_cast<std::uint16_t>(1 + scene_.random.below(9));
  for (const auto* text :
       {"224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.1"})
    where.local.push_back({*events::IpAddress::parse(text), port});
  if (const auto* host = scene_.host_of(victim))
    where.observed.push_back(local_endpoint(*host));
  const auto& member = *mesh.find(victim);
  where.observed.push_back({member.address, port});
  where.observed.push_back({events::tunnel_address(mesh, member), port});
  if (scene_.one_in(2)) std::swap(where.local, where.observed);
  return where;
}

// -- who was believed ---------------------------------------------------------

void Liars::check_sent(const Host& from, const schema::Frame& frame) {
  const auto* word = frame.body_as_PathWord();
  if (word != nullptr && word->is_answer() && word->number() >= first_by_path)
    scene_.violate(from, "it believes a word that a relay could have unpacked");
  if (const auto* passed = frame.body_as_Passed()) check_passed(from, *passed);
  if (frame.body_as_Whereabouts() != nullptr) check_called(from);
}

void Liars::check_passed(const Host& from, const schema::Passed& passed) {
  // One that was kept from it says all at once what it took in a long time.
  if (from.is_slow || scene_.now() < from.disturbed_ns + a_while_ns) return;
  Bytes bytes{passed.datagram()->begin(), passed.datagram()->end()};
  store::AlignedBytes aligned;
  auto inner = actors::open_frame(bytes, aligned);
  if (!inner) return;
  const auto& author = inner->head.sender;
  if (author == from.shadow.state().node.id) return;
  auto& idle_from = passed_from_ns_[{from.index, author}];
  idle_from = std::max(idle_from, scene_.now()) + passed_interval_ns;
  if (idle_from - scene_.now() > passed_max * passed_interval_ns)
    scene_.violate(from, "it passes on all that a member makes it send");
}

/// Where it calls others.
void Liars::check_called(const Host& from) {
  const auto* actor =
      from.process->look_into_kept<actors::PathsState, actors::PathsActor>();
  if (actor == nullptr) return;
  for (const auto& [node, call] : actor->candidates.calls())
    if (call.endpoint && is_nowhere(from, *call.endpoint))
      scene_.violate(from, "it calls somebody at " + call.endpoint->text());
}

bool Liars::is_nowhere(const Host& host, const events::Endpoint& endpoint) {
  const auto& mesh = host.shadow.state().mesh;
  const auto& stay = stays_[host.index];
  auto is_of = [&](const events::IpRange& range) {
    return range.contains(endpoint.address);
  };
  // Who waits for its port does not see what its device has come to.
  bool sees = scene_.now() >= host.disturbed_ns + a_while_ns;
  bool is_own = sees && stay.turns >= turns_to_know && stay.at == endpoint &&
                local_endpoint(host) == endpoint;
  return is_own || is_of(mesh.range) || is_of(events::tunnel_range(mesh)) ||
         (mesh.range6 && is_of(*mesh.range6)) ||
         is_of(*events::IpRange::parse("0.0.0.0/8")) ||
         is_of(*events::IpRange::parse("127.0.0.0/8")) ||
         is_of(*events::IpRange::parse("224.0.0.0/3"));
}

}  // namespace ppn::simulation
