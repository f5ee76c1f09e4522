#include "tests/simulation/guests.hpp"

#include <algorithm>

#include "actors/device.hpp"

namespace ppn::simulation {

namespace {

/// A second of a visit costs as much as five without one.
constexpr std::uint64_t visit_interval_ns = 4 * hour;
constexpr std::uint64_t look_ns = 5 * second;
/// Two in a row are lost in no less time than that.
constexpr std::uint64_t packet_ns = second / 4;
constexpr std::uint64_t packet_bytes = 128;
/// A path that died is left so soon for one that was steady for so long: what
/// failed before is not tried for ten minutes.
constexpr std::uint64_t left_ns = 10 * second;
constexpr std::uint64_t in_vain_ns = 6 * second;
constexpr std::uint64_t steady_ns = 11 * minute;
/// The two take notice of each other.
constexpr std::uint64_t greeting_ns = 30 * second;

const events::Mesh& mesh_of(const Host& host) {
  return host.shadow.state().mesh;
}

const NodeId& node_of(const Host& host) { return host.shadow.state().node.id; }

}  // namespace

// -- who comes ----------------------------------------------------------------

void Guests::begin() {
  look_again();
  scene_.plan(scene_.random.below(visit_interval_ns),
              [this] { visit_now_and_then(); });
}

void Guests::look_again() {
  steadiness_.look();
  scene_.plan(look_ns, [this] { look_again(); });
}

/// Where nothing is steady there is little to see, so they come less often.
void Guests::visit_now_and_then() {
  if (scene_.faults_over) return;
  bool comes = !pairs(true).empty() || scene_.one_in(8);
  if (comes) visit();
  scene_.plan(comes ? visit_interval_ns : 5 * minute,
              [this] { visit_now_and_then(); });
}

std::vector<std::pair<Host*, Host*>> Guests::pairs(bool steady) {
  std::vector<std::pair<Host*, Host*>> pairs;
  for (auto& a : scene_.hosts)
    for (auto& b : scene_.hosts) {
      bool are_members = &a != &b && mesh_of(a).find(node_of(a)) != nullptr &&
                         mesh_of(a).find(node_of(b)) != nullptr;
      if (!are_members) continue;
      if (!steady || steadiness_.relay_of(a, b, steady_ns) != nullptr)
        pairs.emplace_back(&a, &b);
    }
  return pairs;
}

void Guests::visit() {
  auto whom = pairs(true);
  if (whom.empty()) whom = pairs(false);
  if (whom.empty() || is_visited_) return;
  auto [a, b] = whom[scene_.random.below(whom.size())];
  visit(*a, *b);
}

void Guests::visit(Host& a, Host& b) {
  scene_.trace.note(a.index, "is visited from",
                    static_cast<std::uint64_t>(b.index));
  is_visited_ = true;
  // What says which way packets go is not lost now: it is no packet of guests.
  scene_.clear_until_ns = scene_.now() + visit_ns;
  auto visit = std::make_shared<Visit>(
      Visit{a, b, node_of(a), node_of(b), scene_.now()});
  plan_failures(visit);
  go_on(visit);
}

// -- what is lost -------------------------------------------------------------

bool Guests::is_over(const Visit& visit) const {
  return scene_.now() >= visit.began_ns + visit_ns ||
         node_of(visit.a) != visit.of_a || node_of(visit.b) != visit.of_b ||
         mesh_of(visit.a).find(visit.of_b) == nullptr ||
         mesh_of(visit.a).find(visit.of_a) == nullptr;
}

void Guests::go_on(const std::shared_ptr<Visit>& visit) {
  if (is_over(*visit)) {
    is_visited_ = false;
    return;
  }
  note_sent(*visit, !send(*visit));
  scene_.plan(packet_ns, [this, visit] { go_on(visit); });
}

/// A question and its answer.
bool Guests::send(const Visit& visit) {
  const auto& mesh = mesh_of(visit.a);
  const auto& from = mesh.find(visit.of_a)->address;
  const auto& to = mesh.find(visit.of_b)->address;
  return tunnels_.carry(visit.a, from, to, packet_bytes) == &visit.b &&
         tunnels_.carry(visit.b, to, from, packet_bytes) == &visit.a;
}

/// One may be on its way while both change to another path.
void Guests::note_sent(Visit& visit, bool is_lost) {
  bool are_two = std::exchange(visit.was_lost, is_lost) && is_lost;
  if (!is_lost) return;
  steadiness_.look();
  scene_.trace.note(visit.a.index, "packet lost",
                    static_cast<std::uint64_t>(visit.b.index));
  if (!are_two) return;
  auto host_b = "host " + std::to_string(visit.b.index);
  if (scene_.now() < visit.restarts_until_ns)
    return scene_.violate(visit.a, "it is started again, and its packets to " +
                                       host_b + " are lost");
  const auto* relay = steadiness_.relay_of(visit.a, visit.b, steady_ns);
  bool may_be = scene_.now() < visit.began_ns + greeting_ns ||
                scene_.now() <= steadiness_.failed_ns() + left_ns +
                                    in_vain(visit) * in_vain_ns;
  if (!may_be && relay != nullptr)
    scene_.violate(visit.a, "its packets to " + host_b +
                                " are lost though both reach host " +
                                std::to_string(relay->index));
}

/// Who does not pass on what it should is asked before the next one is.
std::uint64_t Guests::in_vain(const Visit& visit) const {
  auto relays = std::count_if(scene_.hosts.begin(), scene_.hosts.end(),
                              [&](const Host& host) {
                                return &host != &visit.a && &host != &visit.b &&
                                       steadiness_.of(host) == 0;
                              });
  return static_cast<std::uint64_t>(relays) + (visit.is_dead_unseen ? 1 : 0);
}

// -- what fails ---------------------------------------------------------------

void Guests::plan_failures(const std::shared_ptr<Visit>& visit) {
  auto fail = [this, visit] {
    if (!is_over(*visit)) fail_a_link(visit);
  };
  scene_.plan(greeting_ns + scene_.random.below(20 * second), fail);
  scene_.plan(100 * second + scene_.random.below(60 * second), fail);
}

void Guests::fail_a_link(const std::shared_ptr<Visit>& visit) {
  auto& a = visit->a;
  auto& b = visit->b;
  auto& third = scene_.hosts[scene_.random.below(scene_.hosts.size())];
  auto time = 12 * second + scene_.random.below(30 * second);
  auto what = scene_.random.below(8);
  scene_.trace.note(a.index, "a link fails", what);
  switch (what) {
    case 0:
    case 1: {
      auto& deaf = what == 0 ? a : b;
      auto& unheard = what == 0 ? b : a;
      cut(deaf, unheard, true);
      return scene_.plan(
          time, [=, this, &deaf, &unheard] { cut(deaf, unheard, false); });
    }
    case 2:
      loose_links_ += 1;
      return loosen(a, b, 4 + scene_.random.below(12));
    case 3:
      return restart_behind_a_relay(visit);
    case 4:
    case 5:
      if (&third != &a && &third != &b) return fail_a_relay(visit, third);
      [[fallthrough]];
    default:
      cut_both(a, b, true);
      return scene_.plan(time, [=, this, &a, &b] { cut_both(a, b, false); });
  }
}

/// First the link between the two, then whoever may have gone in between: both
/// lose it, or one of them.
void Guests::fail_a_relay(const std::shared_ptr<Visit>& visit, Host& relay) {
  auto& a = visit->a;
  auto& b = visit->b;
  visit->is_dead_unseen = is_behind_a_relay(*visit);
  bool for_both = scene_.one_in(2);
  auto cut_relay = [=, this, &a, &b, &relay](bool is_cut) {
    cut_both(b, relay, is_cut);
    if (for_both) cut_both(a, relay, is_cut);
  };
  cut_both(a, b, true);
  scene_.plan(20 * second, [=] { cut_relay(true); });
  scene_.plan(50 * second, [=, this, &a, &b] {
    cut_relay(false);
    cut_both(a, b, false);
  });
}

/// By the choice of the first.
bool Guests::is_behind_a_relay(const Visit& visit) {
  const auto& process = visit.a.process;
  const auto* device =
      process
          ? process->look_into_kept<actors::DeviceState, actors::DeviceActor>()
          : nullptr;
  if (device == nullptr || !device->choices) return false;
  auto taken = device->choices->paths.find(visit.of_b);
  return taken != device->choices->paths.end() && taken->second.path.relay;
}

/// Of paths that flap not each is recorded; then others are taken after a
/// restart.
bool Guests::are_paths_recorded(const Visit& visit) {
  const auto& state = visit.a.shadow.state();
  const auto* device =
      visit.a.process
          ->look_into_kept<actors::DeviceState, actors::DeviceActor>();
  if (device == nullptr || !device->choices) return false;
  const auto& paths = device->choices->paths;
  return std::all_of(paths.begin(), paths.end(), [&](const auto& one) {
    auto tunnel = state.tunnels.find(one.first);
    bool is_recorded = tunnel != state.tunnels.end() && tunnel->second.path;
    auto recorded = is_recorded
                        ? tunnel->second.path->taken.path
                        : events::usual_path(state.mesh, visit.of_a, one.first);
    return recorded == one.second.path;
  });
}

/// What its device does outlives it.
void Guests::restart_behind_a_relay(const std::shared_ptr<Visit>& visit) {
  cut_both(visit->a, visit->b, true);
  scene_.plan(25 * second, [this, visit] {
    bool is_steady = steadiness_.relay_of(visit->a, visit->b, steady_ns) !=
                     nullptr;
    if (!scene_.faults_over || !is_steady || visit->was_lost ||
        loose_links_ != 0 || !are_paths_recorded(*visit))
      return;
    visit->restarts_until_ns = scene_.now() + 20 * second;
    restart_(visit->a);
  });
  scene_.plan(45 * second,
              [this, visit] { cut_both(visit->a, visit->b, false); });
}

void Guests::cut(const Host& to, const Host& from, bool is_cut) {
  scene_.deaf[static_cast<std::size_t>(to.index)]
             [static_cast<std::size_t>(from.index)] = is_cut;
  steadiness_.look();
}

void Guests::cut_both(const Host& a, const Host& b, bool is_cut) {
  cut(a, b, is_cut);
  cut(b, a, is_cut);
}

/// It fails and works in turns.
void Guests::loosen(Host& a, Host& b, std::uint64_t times) {
  cut_both(a, b, times % 2 != 0);
  if (times == 0) {
    loose_links_ -= 1;
    return;
  }
  scene_.plan(second + scene_.random.below(10 * second),
              [this, &a, &b, times] { loosen(a, b, times - 1); });
}

}  // namespace ppn::simulation
