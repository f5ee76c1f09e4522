#include "tests/simulation/clones.hpp"

#include "actors/member.hpp"
#include "store/checkpoint.hpp"
#include "tests/simulation/mesh_rules.hpp"
#include "tests/simulation/rewrites.hpp"

namespace ppn::simulation {

namespace {

/// Of its member actor; 0 if there is none.
caf::actor_id ears_of(const Host& host) {
  if (!host.process) return 0;
  auto member =
      host.process->kept<actors::MemberActor>(actors::MemberState::name);
  return member ? member.id() : 0;
}

}  // namespace

Clones::Clones(Scene& scene, Datagrams& datagrams, RosterHistory& history,
               Life life)
    : scene_(scene), history_(history), life_(std::move(life)) {
  if (!scene.faults.on(Fault::node_cloned)) return;
  datagrams.on_believed = [this](const Host& host,
                                 const actors::FrameHead& head) {
    note_believed(host, head);
  };
  datagrams.on_arrived = [this](const Host& host,
                                const actors::FrameHead& head) {
    note_arrived(host, head);
  };
}

bool Clones::can_befall(const Host& host) const {
  const auto& node = host.shadow.state().node;
  return original_ == nullptr && host.process && !host.copy &&
         history_.version() != 0 && history_.members().contains(node.id) &&
         !is_authority(host);
}

bool Clones::is_authority(const Host& host) const {
  const auto& state = host.shadow.state();
  return state.mesh.authority == state.node.id ||
         history_.authority() == state.node.id;
}

void Clones::make(Host& host) {
  if (!can_befall(host)) return;
  Host clone;
  clone.index = scene_.clone.index;
  clone.identity = scene_.clone.identity + 1;
  clone.disk = host.disk;
  clone.shadow = host.shadow;
  clone.rejoin = host.rejoin;
  clone.machine_started_ns = scene_.now();
  clone.clock_skew_ns = host.clock_skew_ns;
  clone.device = host.device;
  clone.device.vanish();
  clone.outside = *events::IpAddress::parse(
      "198.51.100." + std::to_string(1 + scene_.random.below(250)));
  clone.named_keys = host.named_keys;
  clone.roster = host.roster;
  clone.removed_ns = host.removed_ns;
  scene_.clone = std::move(clone);
  original_ = &host;
  identity_ = host.identity;
  node_ = host.shadow.state().node.id;
  shared_entries_ = host.disk.entries();
  remembered_.clear();
  heard_.clear();
  history_.note_cloned(node_);
  host.copy = {scene_.clone.outside, tunnel_port};
  scene_.trace.note(host.index, "cloned", shared_entries_);
  life_.start(scene_.clone);
  scene_.plan(scene_.some_time(minute), [this, which = scene_.clone.identity] {
    scene_.after_step([this, which] {
      if (scene_.clone.identity == which) end();
    });
  });
}

void Clones::look() {
  if (scene_.clone.is_off) return;
  if (original_->identity != identity_ || is_authority(*original_) ||
      is_authority(scene_.clone))
    end();
}

void Clones::follow(const Host& host) {
  if (original_ == nullptr || &host == original_ || &host == &scene_.clone)
    return;
  auto note = host.disk.heads.find(node_);
  auto& remembered = remembered_[{host.index, host.identity}];
  if (note == host.disk.heads.end()) {
    remembered = {};
    return;
  }
  if (remembered.newest == note->second) return;
  remembered.newest = note->second;
  auto checkpoint = store::parse_checkpoint(note->second);
  if (!checkpoint || checkpoint->head.size <= shared_entries_) return;
  if (has_head(original_->disk, checkpoint->head))
    remembered.is_of_original = true;
  if (has_head(scene_.clone.disk, checkpoint->head))
    remembered.is_of_clone = true;
  bool is_silent = remembered.is_of_original && remembered.is_of_clone &&
                   host.shadow.state().mesh.find(node_) != nullptr &&
                   !knows_of_two_histories(host, node_);
  if (is_silent)
    scene_.violate(host,
                   "it remembers first the one and then the other of two "
                   "machines with one key, and does not say so");
}

void Clones::note_believed(const Host& host, const actors::FrameHead& head) {
  if (original_ == nullptr || head.sender != node_ || !head.heard) return;
  auto& heard = heard_[host.index];
  auto ears = ears_of(host);
  if (heard.by == ears && heard.boot >= head.boot) return;
  heard = {node_,
           ears,
           head.boot,
           head.nonce,
           head.heard->nonce,
           scene_.read_clock(host).since_boot_ns,
           false};
}

/// Due is what an older boot says that knows of a frame which was sent after
/// the newer one was heard, and what the same boot says with another nonce.
void Clones::note_arrived(const Host& host, const actors::FrameHead& head) {
  auto found = heard_.find(host.index);
  if (original_ == nullptr || head.sender != node_ || found == heard_.end() ||
      found->second.is_due || found->second.by != ears_of(host))
    return;
  auto& heard = found->second;
  if (!head.heard || head.heard->nonce != heard.own_nonce) return;
  bool is_older = head.boot < heard.boot &&
                  head.heard->counter > heard.since_boot_ns;
  bool is_other = head.boot == heard.boot && head.nonce != heard.nonce;
  heard.is_due = is_older || is_other;
  if (!heard.is_due) return;
  scene_.plan(minute, [this, &host, heard, since_ns = scene_.now()] {
    check_says_so(host, heard, since_ns);
  });
}

void Clones::check_says_so(const Host& host, const Heard& heard,
                           std::uint64_t since_ns) {
  bool is_excused = heard.by != ears_of(host) || host.is_slow ||
                    host.is_suspended || host.disturbed_ns >= since_ns ||
                    host.process->opened->ledger->failure() ||
                    host.shadow.state().mesh.find(heard.node) == nullptr;
  if (!is_excused && !host.shadow.state().clashes.contains(
                         {heard.node, schema::Clash::two_places}))
    scene_.violate(host,
                   "it hears two machines with one key at once, and does "
                   "not say so");
}

void Clones::end() {
  auto& clone = scene_.clone;
  if (clone.is_off) return;
  scene_.trace.note(original_->index, "clone is off", clone.disk.entries());
  life_.kill(clone);
  clone.is_off = true;
  clone.device.vanish();
  scene_.check(clone, audit(clone.disk));
  original_->copy.reset();
  bring_back();
}

void Clones::bring_back() {
  bool is_back = original_->identity != identity_ ||
                 original_->shadow.state().node.boot >
                     scene_.clone.shadow.state().node.boot;
  if (is_back) {
    original_ = nullptr;
    return;
  }
  scene_.plan(5 * second, [this] {
    scene_.after_step([this] {
      life_.restart(*original_);
      bring_back();
    });
  });
}

}  // namespace ppn::simulation
