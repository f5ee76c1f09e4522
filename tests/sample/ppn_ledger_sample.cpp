// Makes a ledger to try the tools on: founds a node in an empty directory and
// appends events such as a node's life brings.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <thread>

#include "events/state_codec.hpp"
#include "store/ledger.hpp"
#include "store/lmdb_backend.hpp"
#include "tests/support/event_source.hpp"
#include "tests/support/state_follower.hpp"

namespace {

using namespace ppn;

struct Wishes {
  std::string directory;
  std::uint64_t count = 0;
  std::uint64_t seed = 1;
  std::uint64_t batch = 256;
  std::uint64_t rotate_every = 40'000;
  std::uint64_t snapshot_every = 25'000;
};

void show_progress(std::uint64_t done, std::uint64_t count) {
  if (::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r{} of {} events", done, count);
  if (done == count) fmt::print(stderr, "\n");
}

/// How far a series that happens every so often has come; 0 means never.
bool is_due(std::uint64_t every, std::uint64_t before, std::uint64_t now) {
  return every != 0 && before / every != now / every;
}

store::Status append_events(const Wishes& wishes, store::Backend& backend,
                            store::Ledger& ledger) {
  tests::EventSource source{wishes.seed};
  tests::StateFollower follower{backend};
  for (std::uint64_t done = 0; done < wishes.count;) {
    auto before = done;
    std::vector<store::AppendRequest> requests;
    while (requests.size() < wishes.batch && done < wishes.count) {
      requests.emplace_back();
      requests.back().push_back(source.next());
      ++done;
    }
    for (const auto& answer : ledger.append(requests, source.next_clock()))
      if (!answer) return answer.error();
    if (is_due(wishes.rotate_every, before, done) && done < wishes.count) {
      auto rotated = ledger.rotate_key(
          {schema::PrincipalKind::operator_, "uid/1000"}, source.next_clock());
      if (!rotated) return rotated.error();
      source.node_stream_grew();
      ++done;
    }
    if (is_due(wishes.snapshot_every, before, done)) {
      auto state = follower.catch_up();
      if (!state) return state.error();
      if (auto kept = ledger.write_snapshot(events::encode(*state)); !kept)
        return kept;
    }
    show_progress(done, wishes.count);
  }
  return ledger.publish();
}

store::Status make_sample(const Wishes& wishes) {
  store::StateDirectory directory{wishes.directory};
  auto backend = store::LmdbBackend::open_for_writing(directory);
  if (!backend) return backend.error();
  auto keys = store::FileKeyStore::open(directory.keys());
  if (!keys) return keys.error();
  store::OutsideCheckpointFile outside{directory.outside_checkpoint()};
  store::LedgerOptions options;
  options.extra_signers = std::thread::hardware_concurrency() - 1;
  auto ledger = store::Ledger::found(
      {**backend, **keys, outside}, {"sample", {}},
      {1'767'225'600'000'000'000, 0, true}, std::move(options));
  if (!ledger) return ledger.error();
  if (auto appended = append_events(wishes, **backend, **ledger); !appended)
    return appended;
  fmt::print("{} entries in {}, node {}\n", (*ledger)->position().head.size,
             wishes.directory, (*ledger)->position().node.hex());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Wishes wishes;
  CLI::App app{"Makes a ledger of realistic events, to try the tools on."};
  app.add_option("DIR", wishes.directory, "an empty or new directory")
      ->required();
  app.add_option("COUNT", wishes.count, "events to append after the first")
      ->required();
  app.add_option("--seed", wishes.seed, "chooses the events")
      ->capture_default_str();
  app.add_option("--batch", wishes.batch, "events in one commit")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--rotate-every", wishes.rotate_every,
                 "events between key rotations; 0 for none")
      ->capture_default_str();
  app.add_option("--snapshot-every", wishes.snapshot_every,
                 "events between snapshots; 0 for none")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!store::initialise_crypto()) {
    fmt::print(stderr, "ppn-ledger-sample: the system gives no randomness\n");
    return 1;
  }
  if (auto made = make_sample(wishes); !made) {
    fmt::print(stderr, "ppn-ledger-sample: {}\n", made.error().message);
    return 1;
  }
  return 0;
}
