#include "runtime/roster_views.hpp"

#include "actors/kept_actor.hpp"
#include "runtime/hosts_file.hpp"
#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

using Self = RosterViews::stateful_pointer<RosterViewsState>;

constexpr auto follow_again_after = std::chrono::seconds{10};
/// The mesh actor is not there yet when the node begins.
constexpr auto look_for_mesh_after = std::chrono::milliseconds{200};

/// Each problem once, not at each try.
void say_once(std::string_view event, const store::Status& written,
              std::string& said) {
  auto problem = written ? std::string{} : written.error().message;
  if (!problem.empty() && problem != said)
    log(LogLevel::warning, event, {{"error", problem}});
  said = problem;
}

void show_nodes(Self self, const RosterViewsParts& parts) {
  auto& state = self->state;
  if (state.reading) return;
  const auto& mesh = state.roster->mesh;
  if (state.nodes_epoch != mesh.epoch) {
    // Another stream says all of it anew.
    state.nodes = NodesFile{parts.nodes_file};
    state.nodes_epoch = mesh.epoch;
  }
  if (state.nodes.lines() >= mesh.version) return;
  state.reading = true;
  self->request(parts.ledger, caf::infinite, actors::replay_atom::value,
                events::roster_stream_of(mesh), state.nodes.lines())
      .then(
          [=, &state](const actors::EntriesPtr& entries) {
            state.reading = false;
            auto written = state.nodes.append(*entries);
            say_once("nodes_file.not_written", written, state.nodes_problem);
            if (written) show_nodes(self, parts);
          },
          [&state](const caf::error&) { state.reading = false; });
}

void show_hosts(Self self, const RosterViewsParts& parts,
                const events::Mesh& mesh) {
  auto& state = self->state;
  if (parts.hosts_file.empty() || state.hosts_place == place_of(mesh)) return;
  auto written = write_hosts_file(parts.hosts_file, mesh);
  if (written) state.hosts_place = place_of(mesh);
  say_once("hosts_file.not_written", written, state.hosts_problem);
}

/// Once more is harmless, and tries again what failed.
void show(Self self, const RosterViewsParts& parts) {
  const auto& roster = self->state.roster;
  if (!roster || !roster->mesh.founded()) return;
  show_nodes(self, parts);
  show_hosts(self, parts, roster->mesh);
}

}  // namespace

RosterViews::behavior_type roster_views(Self self,
                                        const RosterViewsParts& parts) {
  self->state.nodes = NodesFile{parts.nodes_file};
  self->set_down_handler([self](const caf::down_msg& death) {
    self->state.mesh.note_death(death.source);
  });
  self->send(self, actors::tick_atom::value);
  return {
      [=](actors::roster_atom, const actors::RosterPtr& roster) {
        self->state.is_following = true;
        self->state.roster = roster;
        show(self, parts);
      },
      [=](actors::tick_atom) {
        self->state.mesh.ensure(self, parts.node);
        show(self, parts);
        if (self->state.is_following)
          self->delayed_send(self, follow_again_after,
                             actors::tick_atom::value);
        else
          self->delayed_send(self, look_for_mesh_after,
                             actors::tick_atom::value);
      },
  };
}

}  // namespace ppn::runtime
