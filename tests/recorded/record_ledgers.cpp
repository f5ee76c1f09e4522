// Records what every later version must still replay: two ledgers that hold
// every kind of event of this version, written as a node writes them. Run once
// for a release, by tests/recorded/record.
#include <fmt/format.h>

#include <filesystem>

#include "events/state_codec.hpp"
#include "store/ledger.hpp"
#include "store/lmdb_backend.hpp"
#include "tests/support/event_source.hpp"
#include "tests/support/good.hpp"
#include "tests/support/state_follower.hpp"

namespace {

using namespace ppn;
using tests::good;

const store::Principal owner{schema::PrincipalKind::operator_, "uid/1000"};

Id make_id(std::uint8_t number) {
  Id id;
  id.bytes.fill(number);
  return id;
}

/// Asks for opening from entry 0 and keeps no state.
store::NoReplay no_replay;

/// A node of its own in a directory of its own.
class Recording {
 public:
  Recording(const std::filesystem::path& path, const store::Founding& founding)
      : directory_{path},
        backend_(good(store::LmdbBackend::open_for_writing(directory_))),
        keys_(good(store::FileKeyStore::open(directory_.keys()))),
        outside_(directory_.outside_checkpoint()),
        ledger_(good(store::Ledger::found({*backend_, *keys_, outside_},
                                          founding, clock()))) {}

  void append(std::vector<store::Event> events) {
    for (auto& event : events)
      event.expected_version = ledger_->stream_version(event.stream);
    good(ledger_->append(events, clock()));
  }

  void rotate_key() { good(ledger_->rotate_key(owner, clock())); }

  void write_snapshot() {
    tests::StateFollower follower{*backend_};
    good(ledger_->write_snapshot(events::encode(good(follower.catch_up()))));
  }

  /// The checkpoint outside is lost, and the operator lets the node open.
  void accept_lost_checkpoint() {
    ledger_.reset();
    std::filesystem::remove(directory_.outside_checkpoint());
    store::LedgerOptions options;
    options.accept_outside_checkpoint = owner;
    ledger_ = good(store::Ledger::open({*backend_, *keys_, outside_}, no_replay,
                                       clock(), std::move(options)));
  }

  store::Rejoin end() {
    good(ledger_->publish());
    return {ledger_->position().node, ledger_->checkpoint()};
  }

 private:
  store::ClockReading clock() { return source_.next_clock(); }

  store::StateDirectory directory_;
  tests::EventSource source_{1};
  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::FileKeyStore> keys_;
  store::OutsideCheckpointFile outside_;
  std::unique_ptr<store::Ledger> ledger_;
};

store::Event started(std::uint64_t boot) {
  schema::NodeStartedT payload;
  payload.boot = boot;
  payload.version = "0.1.0";
  store::Event event;
  event.stream = "node";
  event.principal = {schema::PrincipalKind::node, "ppnd"};
  event.payload.Set(std::move(payload));
  return event;
}

store::Event stopped(std::uint64_t boot, schema::StopReason reason) {
  schema::NodeStoppedT payload;
  payload.boot = boot;
  payload.reason = reason;
  auto event = started(boot);
  event.payload.Set(schema::NodeStoppedT{payload});
  return event;
}

store::Event granted(std::uint8_t number, schema::Right rights) {
  schema::CapabilityGrantedT payload;
  payload.grant = std::make_unique<schema::Id>(make_id(number).stored());
  payload.subject = "node/laptop-a";
  payload.resource = "vm/guest-" + std::to_string(number);
  payload.rights = rights;
  store::Event event;
  event.stream = "capability/" + std::to_string(number);
  event.principal = owner;
  event.causation =
      store::Causation{schema::CausationKind::request, {}, 0, make_id(0xf0)};
  event.payload.Set(std::move(payload));
  return event;
}

store::Event granted_for_a_while(std::uint8_t number, std::uint8_t parent) {
  auto event = granted(number, schema::Right::invoke);
  auto* payload = event.payload.AsCapabilityGranted();
  payload->parent = std::make_unique<schema::Id>(make_id(parent).stored());
  payload->expiry = std::make_unique<schema::ExpiryT>();
  payload->expiry->utc_ns = 1'800'000'000'000'000'000;
  payload->expiry->boot = 1;
  payload->expiry->since_boot_ns = 600'000'000'000;
  return event;
}

store::Event revoked(std::uint8_t number, const store::Causation& causation) {
  schema::CapabilityRevokedT payload;
  payload.grant = std::make_unique<schema::Id>(make_id(number).stored());
  payload.reason = "no longer needed: h\xc3\xa9las";
  store::Event event;
  event.stream = "capability/" + std::to_string(number);
  event.principal = {schema::PrincipalKind::actor, "operator_gate"};
  event.causation = causation;
  event.payload.Set(std::move(payload));
  return event;
}

store::Event noted(const char* text) {
  schema::NotedT payload;
  payload.text = text;
  store::Event event;
  event.stream = "journal";
  event.principal = owner;
  event.payload.Set(std::move(payload));
  return event;
}

store::Rejoin record_founded(const std::filesystem::path& path) {
  Recording node{path, {"cloud", {}}};
  node.append({started(1)});
  node.append({granted(1, schema::Right::read | schema::Right::grant),
               granted_for_a_while(2, 1)});
  node.append({granted(3, schema::Right::ANY)});
  node.write_snapshot();
  node.rotate_key();
  NodeId other;
  other.bytes.fill(7);
  node.append({revoked(2, {schema::CausationKind::entry, other, 41, {}})});
  node.append({stopped(1, schema::StopReason::requested)});
  node.accept_lost_checkpoint();
  node.append({started(2)});
  node.append({stopped(2, schema::StopReason::host_shutdown)});
  node.rotate_key();
  node.append({started(3)});
  node.append({noted("the disk was replaced")});
  node.write_snapshot();
  node.append({stopped(3, schema::StopReason::upgrade)});
  return node.end();
}

void record_rejoined(const std::filesystem::path& path,
                     const store::Rejoin& former) {
  Recording node{path, {"cloud", former}};
  node.append({started(1), granted(1, schema::Right::revoke)});
  (void)node.end();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    fmt::print(stderr, "usage: record_ledgers DIR\n");
    return 2;
  }
  if (!store::initialise_crypto())
    throw std::runtime_error{"the system gives no randomness"};
  std::filesystem::path root{argv[1]};
  record_rejoined(root / "rejoined", record_founded(root / "founded"));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "record_ledgers: {}\n", error.what());
  return 1;
}
