// ppn-ledger export, restore and backup: a ledger somewhere else.
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/ledger.hpp"
#include "store/log_export.hpp"
#include "store/opening.hpp"
#include "tools/ppn-ledger/cosigned.hpp"
#include "tools/ppn-ledger/failure.hpp"
#include "tools/ppn-ledger/new_directory.hpp"
#include "tools/ppn-ledger/open_ledger.hpp"
#include "tools/ppn-ledger/progress_bar.hpp"

namespace ppn::tools {

namespace {

constexpr mode_t checkpoint_mode = 0600;

int fail_unless_interrupted(const store::Error& error) {
  if (!interrupted()) return fail(error);
  fmt::print(stderr, "ppn-ledger: interrupted\n");
  return exit_interrupted;
}

store::ExportProgress progress_on(ProgressBar& bar) {
  return [&bar](std::uint64_t done, std::uint64_t total) {
    bar.show(done, total);
    return !interrupted();
  };
}

/// A restored ledger is held to the same checks as one that is opened.
store::Status fill_from_export(const std::string& from,
                               const store::StateDirectory& directory) {
  store::LmdbOptions options;
  options.reserve_bytes = 0;
  auto backend = store::LmdbBackend::open_for_writing(directory, options);
  if (!backend) return backend.error();
  ProgressBar bar{"restoring"};
  auto note = store::restore_log(from, **backend, progress_on(bar));
  if (!note) return note.error();
  auto transaction = (*backend)->read();
  if (!transaction) return transaction.error();
  store::NoReplay no_replay;
  auto opened = store::check_and_replay(**transaction, no_replay);
  if (!opened) return opened.error();
  return store::replace_file(directory.outside_checkpoint(),
                             store::as_bytes(*note), checkpoint_mode);
}

/// Lets this process write no file beyond `bytes`. Pages that refer to each
/// other without end make a copy that never ends.
void limit_files(std::uint64_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, bytes);
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// In a process of its own, for it limits what that may write.
store::Status copy_ledger(const std::string& from,
                          const store::StateDirectory& directory) {
  auto source = open_ledger(from);
  if (!source) return source.error();
  source->transaction.reset();
  auto made = store::make_directory(directory.ledger(), 0700);
  if (!made) return made;
  // A writer may add to it meanwhile.
  constexpr std::uint64_t room_to_grow = std::uint64_t{64} << 20U;
  auto limit = 2 * source->backend->map_use().used_bytes + room_to_grow;
  limit_files(limit);
  if (auto copied = source->backend->copy_to(directory.database()); !copied) {
    std::error_code unknown;
    bool is_endless =
        std::filesystem::file_size(directory.database(), unknown) >= limit;
    if (is_endless && !unknown)
      return store::Error{store::ErrorCode::damaged,
                          "its pages refer to each other without end"};
    return copied;
  }
  auto copy = open_ledger(directory.root);
  if (!copy) return copy.error();
  auto note = copy->view().checkpoint_note();
  if (!note) return note.error();
  return store::replace_file(directory.outside_checkpoint(),
                             store::as_bytes(*note), checkpoint_mode);
}

/// What was exported before may have cosignatures that are kept nowhere else.
void add_exported(const std::string& directory, Checkpoints& kept) {
  auto note = store::read_file(std::filesystem::path{directory} / "checkpoint",
                               store::max_note_size);
  if (!note) return;
  if (auto checkpoint = store::parse_checkpoint(*note))
    kept.push_back(std::move(*checkpoint));
}

/// Fills a new directory by `fill`, whole or not at all.
template <class Fill>
int make_state_directory(const TransferOptions& options, Fill fill) {
  note_interrupts();
  auto directory = NewDirectory::begin(options.to);
  if (!directory) return fail(directory.error());
  auto filled = fill(options.from, store::StateDirectory{directory->partial()});
  if (!filled) return fail_unless_interrupted(filled.error());
  if (interrupted()) return fail_unless_interrupted({});
  if (auto finished = directory->finish(); !finished)
    return fail(finished.error());
  return exit_ok;
}

}  // namespace

int export_log(const ExportOptions& options) {
  note_interrupts();
  auto kept = read_kept(options.from);
  if (!kept) return fail(kept.error());
  add_exported(options.to, *kept);
  auto ledger = open_ledger(options.from);
  if (!ledger) return fail(ledger.error());
  auto view = ledger->view();
  auto picked = pick_checkpoint(options.policy, view, *kept);
  if (!picked) return fail(picked.error());
  ledger->transaction.reset();
  ProgressBar bar{"exporting"};
  auto summary = store::export_log(*ledger->backend,
                                   store::format_note(picked->note), options.to,
                                   progress_on(bar));
  bar.clear();
  if (!summary) return fail_unless_interrupted(summary.error());
  fmt::print("{} entries in {}: {} files added, {} were there\n",
             summary->entries, options.to, summary->files_added,
             summary->files_kept);
  return exit_ok;
}

int restore(const TransferOptions& options) {
  auto code = make_state_directory(options, fill_from_export);
  if (code == exit_ok)
    fmt::print(
        "restored to {}; its keys are not in an export, so it can be "
        "read but not appended to\n",
        options.to);
  return code;
}

int backup(const TransferOptions& options) {
  auto code = make_state_directory(options, copy_ledger);
  if (code == exit_ok)
    fmt::print("copied to {}; private keys are left out\n", options.to);
  return code;
}

}  // namespace ppn::tools
