#include "runtime/rejoin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "runtime/child_linux.hpp"
#include "runtime/clock_linux.hpp"
#include "runtime/configuration.hpp"
#include "runtime/rejoin_documents.hpp"
#include "runtime/tunnel_keys.hpp"
#include "store/lmdb_backend.hpp"
#include "store/writer_lock.hpp"

namespace ppn::runtime {

namespace {

namespace fs = std::filesystem;
using store::Error;
using store::ErrorCode;
using store::Founding;
using store::Result;
using store::StateDirectory;
using store::Status;

std::optional<std::string> outside_of(const StateDirectory& directory) {
  auto note =
      store::OutsideCheckpointFile{directory.outside_checkpoint()}.read();
  if (!note) return std::nullopt;
  return *note;
}

Status check(const StateDirectory& directory, store::Backend& database) {
  auto keys = store::FileKeyStore::open(directory.keys());
  if (!keys) return keys.error();
  store::OutsideCheckpointFile outside{directory.outside_checkpoint()};
  return actors::check_ledger({database, **keys, outside});
}

bool has_keys(const StateDirectory& directory) {
  std::error_code error;
  fs::directory_iterator keys{directory.keys(), error};
  return std::any_of(begin(keys), end(keys), [](const auto& file) {
    return file.path().extension() == ".key";
  });
}

/// What can be told without the database.
OldIdentity without_database(const StateDirectory& directory,
                             const Error& fault) {
  return {fault, store::remains_of(nullptr, outside_of(directory))};
}

OldIdentity with_database(const StateDirectory& directory) {
  auto database = store::LmdbBackend::open_for_reading(directory);
  if (!database) return without_database(directory, database.error());
  auto transaction = (*database)->read();
  if (!transaction) return without_database(directory, transaction.error());
  OldIdentity old;
  if (auto checked = check(directory, **database); !checked)
    old.fault = checked.error();
  // A key that can not be used for the time being is not lost.
  if (old.fault && old.fault->code == ErrorCode::key && has_keys(directory))
    old.fault->code = ErrorCode::permission;
  old.remains = store::remains_of(transaction->get(), outside_of(directory));
  return old;
}

Error cannot_tell(const StateDirectory& directory, const OldIdentity& old) {
  if (!old.fault || old.fault->code == ErrorCode::not_found)
    return {ErrorCode::not_found,
            fmt::format("{} holds no node that could rejoin",
                        directory.root.string())};
  return {ErrorCode::damaged,
          fmt::format("neither the ledger nor the checkpoint outside tells "
                      "which node {} held ({}): keep it for the audit, and "
                      "found a new node in an empty directory",
                      directory.root.string(), old.fault->message)};
}

Result<RejoinPlan> plan_begun(const Founding& founding) {
  RejoinPlan plan;
  plan.founding = founding;
  plan.is_begun = true;
  return plan;
}

/// The name that the ledger tells, or else the other one.
Result<std::string> name_for(const store::Remains& remains,
                             const std::string& name) {
  if (!remains.name.empty()) return remains.name;
  auto good = check_node_name(name);
  if (good) return name;
  return Error{good.error().code,
               fmt::format("the ledger does not tell the name of the node, and "
                           "'{}' can not be one: {}; set `name` in the "
                           "configuration",
                           name, good.error().message)};
}

}  // namespace

OldIdentity look_at_identity(const StateDirectory& directory) {
  auto told = in_child(
      [&] { return schema::compact(to_json(with_database(directory))); });
  if (!told) return without_database(directory, told.error());
  auto old = read_old_identity(schema::Json::parse(*told, nullptr, false));
  return old ? *old : without_database(directory, old.error());
}

bool RejoinPlan::is_lost() const {
  if (is_begun) return true;
  if (!old.fault) return false;
  switch (old.fault->code) {
    case ErrorCode::not_found:
    case ErrorCode::damaged:
    case ErrorCode::rolled_back:
    case ErrorCode::forked:
    case ErrorCode::no_outside_checkpoint:
    case ErrorCode::key:
      return true;
    default:
      return false;
  }
}

Result<RejoinPlan> plan_rejoin(const StateDirectory& directory,
                               const std::string& name) {
  auto no_writer = store::WriterLock::keep_writers_out(directory.writer_lock());
  if (!no_writer) return no_writer.error();
  auto intended = store::intended_rejoin(directory);
  if (!intended) return intended.error();
  if (*intended) return plan_begun(**intended);
  auto old = look_at_identity(directory);
  if (!old.remains) return cannot_tell(directory, old);
  auto former = directory.former(old.remains->node).root;
  if (fs::exists(former))
    return Error{ErrorCode::bad_input,
                 fmt::format("{} keeps this identity already, and the ledger "
                             "is of it again: move one of the two elsewhere",
                             former.string())};
  auto called = name_for(*old.remains, name);
  if (!called) return called.error();
  Founding founding{*called,
                    store::Rejoin{old.remains->node, old.remains->checkpoint}};
  return RejoinPlan{std::move(founding), std::move(old), false};
}

Result<store::LedgerPosition> rejoin(const StateDirectory& directory,
                                     const RejoinPlan& plan) {
  // What is wrong with their place is better known before anything is moved.
  auto keys = store::FileKeyStore::open(directory.keys());
  if (!keys) return keys.error();
  if (auto intended = store::intend_rejoin(directory, plan.founding); !intended)
    return intended.error();
  auto founding = founding_in(directory, plan.founding.node_name);
  if (!founding) return founding.error();
  auto backend = store::LmdbBackend::open_for_writing(directory);
  if (!backend) return backend.error();
  store::OutsideCheckpointFile outside{directory.outside_checkpoint()};
  auto opened =
      open_founded(directory, {**backend, **keys, outside}, *founding, {});
  if (!opened) return opened.error();
  return (*opened)->ledger->position();
}

Result<Founding> founding_in(const StateDirectory& directory,
                             const std::string& name) {
  auto intended = store::intended_rejoin(directory);
  if (!intended) return intended.error();
  if (!*intended) return Founding{name, {}};
  const auto& replaced = (*intended)->rejoin->replaces;
  if (auto away = store::put_away(directory, replaced); !away)
    return away.error();
  return std::move(**intended);
}

Result<std::shared_ptr<actors::OpenLedger>> open_founded(
    const StateDirectory& directory, const store::LedgerParts& parts,
    const Founding& founding, store::LedgerOptions options) {
  auto opened =
      actors::open_or_found(parts, founding, read_clock(), std::move(options));
  if (!opened || !founding.rejoin) return opened;
  if ((*opened)->state.node.replaces != founding.rejoin->replaces)
    return Error{
        ErrorCode::forked,
        fmt::format("{} is of node {}, and {} was to be replaced here: "
                    "move it elsewhere, and start again",
                    directory.ledger().string(), (*opened)->state.node.id.hex(),
                    founding.rejoin->replaces.hex())};
  // The key that signs was wiped when its successor was found.
  auto tunnel_keys = TunnelKeys::open(directory.keys());
  if (!tunnel_keys) return tunnel_keys.error();
  if (auto wiped = (*tunnel_keys)->retire_all(); !wiped) return wiped.error();
  if (auto ended = store::end_rejoin(directory); !ended) return ended.error();
  return opened;
}

}  // namespace ppn::runtime
