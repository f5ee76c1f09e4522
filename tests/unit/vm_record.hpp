// A guest, and all that is decided of it recorded and applied.
#pragma once

#include "events/state.hpp"
#include "store/record.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/decisions.hpp"

namespace ppn::tests {

inline constexpr std::uint64_t second_ns = 1'000'000'000;

/// So long after the boot of the host; the wall clock says as much.
inline events::Moment after_ns(std::uint64_t nanoseconds) {
  return {static_cast<std::int64_t>(nanoseconds), nanoseconds};
}

/// Seconds after the host booted.
inline events::Moment at(std::uint64_t seconds) {
  return after_ns(seconds * second_ns);
}

inline Id vm_id(std::uint8_t number) {
  Id id;
  id.bytes.fill(number);
  return id;
}

inline std::unique_ptr<schema::Id> stored_vm_id(std::uint8_t number = 1) {
  return std::make_unique<schema::Id>(vm_id(number).stored());
}

inline Hash image_digest(std::uint8_t number) {
  Hash digest;
  digest.bytes.fill(number);
  return digest;
}

/// As little as a guest can be.
inline events::VmSpec small_spec() {
  auto spec = events::profile_of(schema::VmKind::plain);
  spec.disks = {{"root", schema::DiskFormat::qcow2, 1024}};
  return spec;
}

/// A state, and the entries that make it.
class VmRecord {
 public:
  /// Why the event can not follow; empty if it did.
  std::string apply(const events::Draft& draft, const events::Moment& now) {
    store::Event event;
    event.stream = draft.stream;
    event.payload = draft.payload;
    flatbuffers::FlatBufferBuilder builder;
    auto bytes =
        store::build_entry(builder, event, {sequence_, {}, node_of(1), 1},
                           {now.utc_ns, now.since_boot_ns, now.synchronised});
    auto refused = events::apply(state_, *must(store::check_entry(bytes)));
    if (!refused) ++sequence_;
    return refused.value_or("");
  }

  template <class Payload>
  std::string operator()(Payload payload, const events::Moment& now = at(1)) {
    events::Draft draft{"any", {}};
    draft.payload.Set(std::move(payload));
    return apply(draft, now);
  }

  /// All that was decided can follow. The kinds of the events.
  std::vector<schema::Event> record(const events::Decision& decision,
                                    const events::Moment& now = at(1)) {
    std::vector<schema::Event> kinds;
    for (const auto& draft : drafts_of(decision)) {
      BOOST_TEST_REQUIRE(apply(draft, now) == "");
      kinds.push_back(draft.payload.type);
    }
    return kinds;
  }

  [[nodiscard]] const events::State& state() const { return state_; }
  void begin_at(events::State state) { state_ = std::move(state); }

 private:
  events::State state_;
  std::uint64_t sequence_ = 0;
};

/// One guest from its definition on.
class VmLife {
 public:
  explicit VmLife(const events::VmSpec& spec = small_spec()) {
    schema::VmDefinedT defined;
    defined.vm = stored_vm_id();
    defined.name = "web";
    defined.spec = std::make_unique<schema::VmSpecT>(events::stored(spec));
    BOOST_TEST_REQUIRE(record(std::move(defined)) == "");
  }

  [[nodiscard]] const events::Vm& vm() const {
    return record.state().vms.at(id);
  }

  void command(events::VmVerb verb, const events::Moment& now = at(1)) {
    record.record(events::decide_command(id, vm(), {verb}), now);
  }
  void stop(const events::Moment& now, bool force = false) {
    record.record(
        events::decide_command(id, vm(), {events::VmVerb::stop, force}), now);
  }
  [[nodiscard]] std::string refused(events::VmVerb verb,
                                    bool force = false) const {
    return refusal_of(events::decide_command(id, vm(), {verb, force}));
  }

  /// What is recorded of that, until there is no more.
  std::vector<schema::Event> see(const events::VmSight& sight,
                                 const events::Moment& now = at(1)) {
    std::vector<schema::Event> all;
    constexpr std::size_t plenty = 8;
    while (all.size() < plenty) {
      auto kinds =
          record.record(events::decide_seen(id, vm(), sight, now), now);
      if (kinds.empty()) break;
      all.insert(all.end(), kinds.begin(), kinds.end());
    }
    BOOST_TEST_REQUIRE(all.size() < plenty, "it does not come to rest");
    return all;
  }

  [[nodiscard]] std::optional<events::VmStep> step(
      const events::VmSight& sight, const events::Moment& now = at(1)) const {
    return events::next_step(vm(), sight, now);
  }
  [[nodiscard]] bool is_order(events::VmOrder order,
                              const events::VmSight& sight,
                              const events::Moment& now = at(1)) const {
    auto next = step(sight, now);
    const auto* given = next ? std::get_if<events::VmOrder>(&*next) : nullptr;
    return given != nullptr && *given == order;
  }

  /// When one looks again though nothing is seen.
  [[nodiscard]] std::uint64_t look_ns(const events::VmSight& sight,
                                      const events::Moment& now) const {
    auto look = events::next_look_ns(vm(), sight, now);
    BOOST_REQUIRE(look);
    return *look;
  }

  /// It is wanted, and its newest start runs.
  void run(const events::Moment& now = at(1)) {
    if (vm().wish == schema::VmWish::off) command(events::VmVerb::start, now);
    see(ended(), now);
    see(process(events::VmRun::running), now);
    BOOST_TEST_REQUIRE((vm().outcome == schema::VmOutcome::running));
  }

  /// The process of its newest start.
  [[nodiscard]] events::VmSight process(events::VmRun doing) const {
    events::VmSight sight;
    sight.process = vm().start;
    sight.run = doing;
    sight.accelerator = "tcg";
    return sight;
  }
  /// That is gone, or there never was any.
  [[nodiscard]] events::VmSight ended(
      events::VmEnd::Kind kind = events::VmEnd::Kind::failed) const {
    events::VmSight sight;
    sight.ended = events::has_process(vm()) ? vm().start : 0;
    sight.end = {kind, "as the test wants it"};
    return sight;
  }

  Id id = vm_id(1);
  VmRecord record;
};

using Kinds = std::vector<schema::Event>;

// -- guests that came so far --------------------------------------------------

inline VmLife wanted(const events::VmSpec& spec = small_spec()) {
  VmLife guest{spec};
  guest.command(events::VmVerb::start);
  return guest;
}

/// Its first start is recorded.
inline VmLife starting() {
  auto guest = wanted();
  guest.see({});
  return guest;
}

inline VmLife running(const events::VmSpec& spec = small_spec()) {
  VmLife guest{spec};
  guest.run();
  return guest;
}

inline VmLife running(schema::RestartPolicy policy, bool autostart = true) {
  auto spec = small_spec();
  spec.restart = policy;
  spec.autostart = autostart;
  return running(spec);
}

/// As its operator wanted it.
inline VmLife paused() {
  auto guest = running();
  guest.command(events::VmVerb::pause);
  guest.see(guest.process(events::VmRun::paused));
  return guest;
}

// -- what there is to see -----------------------------------------------------

inline events::VmSight process_of(std::uint64_t start,
                                  events::VmRun run = events::VmRun::running) {
  events::VmSight sight;
  sight.process = start;
  sight.run = run;
  return sight;
}

inline events::VmSight silent(events::VmSight sight) {
  sight.silence = "no answer for 1 s";
  return sight;
}

}  // namespace ppn::tests
