#include "store/lmdb_backend.hpp"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/writer_lock.hpp"

namespace ppn::store {

namespace fs = std::filesystem;

namespace {

constexpr mdb_mode_t file_mode = 0600;
constexpr mode_t directory_mode = 0700;
constexpr unsigned max_readers = 254;
constexpr unsigned max_tables = 8;
/// Readers map far beyond the end of the file, so that a writer may grow it.
constexpr std::uint64_t reader_map_bytes = std::uint64_t{64} << 30U;

using EnvironmentHandle = std::unique_ptr<MDB_env, decltype(&mdb_env_close)>;

Error lmdb_error(const std::string& tried, int code) {
  auto text = "cannot " + tried + ": " + mdb_strerror(code);
  switch (code) {
    case MDB_NOTFOUND:
      return {ErrorCode::not_found, text};
    case MDB_MAP_FULL:
      return {ErrorCode::map_full, text};
    case MDB_KEYEXIST:
      return {ErrorCode::damaged, text + ", and entries are written once"};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
      return {ErrorCode::damaged, text};
    case MDB_READERS_FULL:
      return {ErrorCode::io,
              text + "; too many readers at once, end some and try again"};
    case ENOSPC:
      return {ErrorCode::disk_full, text};
    default:
      return {ErrorCode::io, text};
  }
}

MDB_val to_value(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): LMDB reads it only
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

ByteView to_view(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

struct TableHandles {
  std::array<MDB_dbi, table_names.size()> of{};
  MDB_dbi operator[](Table table) const {
    return of[static_cast<std::size_t>(table)];
  }
};

/// What both kinds of transaction share. Cursors are opened when first needed.
class Transaction final : public WriteTransaction {
 public:
  /// `bytes_max` is the size of the largest value that there can be.
  Transaction(MDB_txn* transaction, const TableHandles& tables,
              std::uint64_t bytes_max)
      : transaction_(transaction), tables_(tables), bytes_max_(bytes_max) {}

  ~Transaction() override {
    if (transaction_ == nullptr) return;
    close_cursors();
    mdb_txn_abort(transaction_);
  }

  Result<ByteView> get(Table table, ByteView key) override {
    auto wanted = to_value(key);
    MDB_val value{};
    int code = mdb_get(transaction_, tables_[table], &wanted, &value);
    if (code == 0) code = check_size(value);
    if (code != 0) return lmdb_error(name("read ", table), code);
    return to_view(value);
  }

  Status scan(Table table, ByteView from,
              const std::function<bool(const KeyValue&)>& visit) override {
    auto* cursor = cursor_of(table);
    if (cursor == nullptr) return lmdb_error(name("scan ", table), ENOMEM);
    auto key = to_value(from);
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value,
                              from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == 0) {
      code = check_size(value);
      auto visited = to_view(key);
      if (code != 0 || !visit({visited, to_view(value)})) break;
      code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
      // LMDB follows any reference, and a page that many refer to never ends.
      if (code == 0 && !rises(visited, to_view(key))) code = MDB_CORRUPTED;
    }
    if (code != 0 && code != MDB_NOTFOUND)
      return lmdb_error(name("scan ", table), code);
    return {};
  }

  Result<KeyValue> last(Table table) override { return step(table, MDB_LAST); }

  Result<KeyValue> last_below(Table table, ByteView bound) override {
    auto* cursor = cursor_of(table);
    if (cursor == nullptr) return lmdb_error(name("read ", table), ENOMEM);
    auto key = to_value(bound);
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND) return last(table);
    if (code != 0) return lmdb_error(name("read ", table), code);
    return step(table, MDB_PREV);
  }

  Result<std::uint64_t> count(Table table) override {
    MDB_stat stat{};
    int code = mdb_stat(transaction_, tables_[table], &stat);
    if (code != 0) return lmdb_error(name("count ", table), code);
    return std::uint64_t{stat.ms_entries};
  }

  /// LMDB lists its named tables in the unnamed one, which is always the second
  /// of its handles.
  Result<std::uint64_t> count_tables() override {
    constexpr MDB_dbi unnamed = 1;
    MDB_stat stat{};
    int code = mdb_stat(transaction_, unnamed, &stat);
    if (code != 0) return lmdb_error("count the tables", code);
    return std::uint64_t{stat.ms_entries};
  }

  Status append(Table table, ByteView key, ByteView value) override {
    return put(table, key, value, MDB_APPEND);
  }

  Status insert(Table table, ByteView key, ByteView value) override {
    return put(table, key, value, MDB_NOOVERWRITE);
  }

  Status replace(Table table, ByteView key, ByteView value) override {
    return put(table, key, value, 0);
  }

  Status remove(Table table, ByteView key) override {
    auto wanted = to_value(key);
    int code = mdb_del(transaction_, tables_[table], &wanted, nullptr);
    if (code != 0) return lmdb_error(name("remove from ", table), code);
    return {};
  }

  Status commit() override {
    close_cursors();
    int code = mdb_txn_commit(std::exchange(transaction_, nullptr));
    if (code != 0) return lmdb_error("commit", code);
    return {};
  }

 private:
  static std::string name(const char* tried, Table table) {
    return tried + std::string{table_names[static_cast<std::size_t>(table)]};
  }

  /// LMDB believes any size that a page gives, be it beyond the file.
  [[nodiscard]] int check_size(const MDB_val& value) const {
    return value.mv_size <= bytes_max_ ? 0 : MDB_CORRUPTED;
  }

  static bool rises(ByteView before, ByteView key) {
    return std::lexicographical_compare(before.begin(), before.end(),
                                        key.begin(), key.end());
  }

  MDB_cursor* cursor_of(Table table) {
    auto& cursor = cursors_[static_cast<std::size_t>(table)];
    if (cursor == nullptr &&
        mdb_cursor_open(transaction_, tables_[table], &cursor) != 0)
      cursor = nullptr;
    return cursor;
  }

  Result<KeyValue> step(Table table, MDB_cursor_op operation) {
    auto* cursor = cursor_of(table);
    if (cursor == nullptr) return lmdb_error(name("read ", table), ENOMEM);
    MDB_val key{};
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, operation);
    if (code == 0) code = check_size(value);
    if (code != 0) return lmdb_error(name("read ", table), code);
    return KeyValue{to_view(key), to_view(value)};
  }

  Status put(Table table, ByteView key, ByteView value, unsigned flags) {
    auto* cursor = cursor_of(table);
    if (cursor == nullptr) return lmdb_error(name("write ", table), ENOMEM);
    auto wanted = to_value(key);
    auto content = to_value(value);
    int code = mdb_cursor_put(cursor, &wanted, &content, flags);
    if (code != 0) return lmdb_error(name("write ", table), code);
    return {};
  }

  void close_cursors() {
    for (auto*& cursor : cursors_)
      if (cursor != nullptr) mdb_cursor_close(std::exchange(cursor, nullptr));
  }

  MDB_txn* transaction_;
  const TableHandles& tables_;
  std::uint64_t bytes_max_;
  std::array<MDB_cursor*, table_names.size()> cursors_{};
};

class Environment final : public LmdbBackend {
 public:
  Environment(EnvironmentHandle environment, const StateDirectory& directory,
              const LmdbOptions& options, std::optional<WriterLock> lock,
              bool writable)
      : lock_(std::move(lock)),
        environment_(std::move(environment)),
        directory_(directory),
        options_(options),
        writable_(writable) {}

  Status open_tables() {
    MDB_txn* transaction = nullptr;
    int code = mdb_txn_begin(environment_.get(), nullptr,
                             writable_ ? 0 : MDB_RDONLY, &transaction);
    if (code != 0) return lmdb_error("begin", code);
    for (std::size_t i = 0; i < table_names.size() && code == 0; ++i)
      code = mdb_dbi_open(transaction, std::string{table_names[i]}.c_str(),
                          writable_ ? MDB_CREATE : 0, &tables_.of[i]);
    if (code != 0) {
      mdb_txn_abort(transaction);
      if (code == MDB_NOTFOUND)
        return Error{ErrorCode::not_found,
                     directory_.ledger().string() + " holds no ledger"};
      return lmdb_error("open the tables", code);
    }
    code = mdb_txn_commit(transaction);
    if (code != 0) return lmdb_error("create the tables", code);
    return {};
  }

  Result<std::unique_ptr<ReadTransaction>> read() override {
    auto transaction = begin(MDB_RDONLY);
    if (!transaction) return transaction.error();
    return std::unique_ptr<ReadTransaction>{std::move(*transaction)};
  }

  Result<std::unique_ptr<WriteTransaction>> write() override {
    if (!writable_)
      return Error{ErrorCode::read_only, "the ledger is open for reading only"};
    auto transaction = begin(0);
    if (!transaction) return transaction.error();
    return std::unique_ptr<WriteTransaction>{std::move(*transaction)};
  }

  Status grow() override {
    auto now = map_use().map_bytes;
    if (now >= options_.map_bytes_max)
      return Error{ErrorCode::map_full,
                   "the ledger has reached its cap of " +
                       std::to_string(options_.map_bytes_max) + " bytes"};
    if (auto room = check_room(0); !room) return room;
    auto wanted = std::min(now * 2, options_.map_bytes_max);
    int code = mdb_env_set_mapsize(environment_.get(), wanted);
    if (code != 0) return lmdb_error("grow the map", code);
    return {};
  }

  Status check_room(std::uint64_t bytes) override {
    struct statvfs system {};
    if (::statvfs(directory_.ledger().c_str(), &system) != 0)
      return Error{ErrorCode::io, system_error("look at the file system of",
                                               directory_.ledger())
                                      .message};
    std::uint64_t free = std::uint64_t{system.f_bavail} * system.f_frsize;
    auto margin = in_reserve_ ? 0 : options_.margin_bytes;
    if (free >= bytes + margin) return {};
    return Error{ErrorCode::disk_full,
                 "the file system of " + directory_.ledger().string() +
                     " has " + std::to_string(free) + " bytes left, and " +
                     std::to_string(bytes + margin) +
                     " are needed; free some space"};
  }

  void release_reserve() override {
    in_reserve_ = true;
    ::unlink(directory_.reserve().c_str());
  }

  void clear_stale_readers() override {
    int cleared = 0;
    mdb_reader_check(environment_.get(), &cleared);
  }

  Status copy_to(const fs::path& file) override {
    FileHandle copy{::open(file.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode)};
    if (!copy.open()) return system_error("create", file);
    int code = mdb_env_copyfd2(environment_.get(), copy.get(), MDB_CP_COMPACT);
    if (code != 0) return lmdb_error("copy to " + file.string(), code);
    if (::fsync(copy.get()) != 0) return system_error("sync", file);
    return sync_directory(file.parent_path());
  }

  [[nodiscard]] MapUse map_use() const override {
    MDB_envinfo info{};
    MDB_stat stat{};
    mdb_env_info(environment_.get(), &info);
    mdb_env_stat(environment_.get(), &stat);
    return {(std::uint64_t{info.me_last_pgno} + 1) * stat.ms_psize,
            info.me_mapsize, info.me_numreaders};
  }

  [[nodiscard]] std::optional<std::uint64_t> file_offset(
      ByteView bytes) const override {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): an address
    auto wanted = reinterpret_cast<std::uintptr_t>(bytes.data());
    std::ifstream maps{"/proc/self/maps"};
    std::string line;
    while (std::getline(maps, line)) {
      // begin-end permissions offset device inode path
      std::istringstream fields{line};
      std::uintptr_t begin = 0;
      std::uintptr_t end = 0;
      std::uint64_t offset = 0;
      char dash = 0;
      std::string permissions;
      fields >> std::hex >> begin >> dash >> end >> permissions >> offset;
      if (fields && wanted >= begin && wanted < end &&
          line.ends_with("data.mdb"))
        return offset + (wanted - begin);
    }
    return std::nullopt;
  }

  Status make_reserve() {
    auto path = directory_.reserve();
    if (options_.reserve_bytes == 0 || fs::exists(path)) return {};
    if (!check_room(options_.reserve_bytes)) return {};
    FileHandle file{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, file_mode)};
    if (!file.open()) return system_error("create", path);
    auto size = static_cast<off_t>(options_.reserve_bytes);
    if (::posix_fallocate(file.get(), 0, size) != 0) ::unlink(path.c_str());
    return {};
  }

 private:
  Result<std::unique_ptr<Transaction>> begin(unsigned flags) {
    MDB_txn* transaction = nullptr;
    int code = mdb_txn_begin(environment_.get(), nullptr, flags, &transaction);
    if (code != 0) return lmdb_error("begin a transaction", code);
    return std::make_unique<Transaction>(transaction, tables_,
                                         bytes_max(flags));
  }

  /// A writer makes new pages, up to the size of the map.
  [[nodiscard]] std::uint64_t bytes_max(unsigned flags) const {
    auto use = map_use();
    return (flags & MDB_RDONLY) != 0U ? use.used_bytes : use.map_bytes;
  }

  // The lock is let go of last, after the environment is closed.
  std::optional<WriterLock> lock_;
  EnvironmentHandle environment_;
  StateDirectory directory_;
  LmdbOptions options_;
  TableHandles tables_;
  bool writable_;
  bool in_reserve_ = false;
};

Result<EnvironmentHandle> open_environment(const StateDirectory& directory,
                                           std::uint64_t map_bytes,
                                           unsigned flags) {
  MDB_env* raw = nullptr;
  if (int code = mdb_env_create(&raw); code != 0)
    return lmdb_error("create an LMDB environment", code);
  EnvironmentHandle environment{raw, mdb_env_close};
  mdb_env_set_maxdbs(raw, max_tables);
  mdb_env_set_maxreaders(raw, max_readers);
  mdb_env_set_mapsize(raw, map_bytes);
  int code = mdb_env_open(raw, directory.ledger().c_str(), flags | MDB_NOTLS,
                          file_mode);
  if (code != 0)
    return lmdb_error("open the database " + directory.database().string(),
                      code);
  return environment;
}

}  // namespace

Result<std::unique_ptr<LmdbBackend>> LmdbBackend::open_for_writing(
    const StateDirectory& directory, const LmdbOptions& options) {
  if (auto made = make_directory(directory.ledger(), directory_mode); !made)
    return made.error();
  auto lock = WriterLock::acquire(directory.writer_lock());
  if (!lock) return lock.error();
  auto environment = open_environment(directory, options.map_bytes, 0);
  if (!environment) return environment.error();
  auto backend = std::make_unique<Environment>(
      std::move(*environment), directory, options, std::move(*lock), true);
  if (auto opened = backend->open_tables(); !opened) return opened.error();
  if (auto synced = sync_directory(directory.ledger()); !synced)
    return synced.error();
  backend->clear_stale_readers();
  if (auto reserved = backend->make_reserve(); !reserved)
    return reserved.error();
  return std::unique_ptr<LmdbBackend>{std::move(backend)};
}

Result<std::unique_ptr<LmdbBackend>> LmdbBackend::open_for_reading(
    const StateDirectory& directory) {
  if (!fs::exists(directory.database()))
    return Error{ErrorCode::not_found,
                 directory.root.string() +
                     " is not a state directory: there is no " +
                     directory.database().string()};
  if (std::error_code ignored;
      fs::file_size(directory.database(), ignored) == 0)
    return Error{ErrorCode::damaged, directory.database().string() +
                                         " is empty: nothing was ever in it, "
                                         "or it was cut"};
  // Beside a writer, the reader table protects the pages being read. Where it
  // can not be written to, as in a copy on read-only media, writers stay out.
  unsigned flags = MDB_RDONLY;
  std::optional<WriterLock> lock;
  if (::access(directory.reader_table().c_str(), W_OK) != 0) {
    auto kept = WriterLock::keep_writers_out(directory.writer_lock());
    if (!kept) return kept.error();
    lock = std::move(*kept);
    flags |= MDB_NOLOCK;
  }
  auto environment = open_environment(directory, reader_map_bytes, flags);
  if (!environment) return environment.error();
  auto backend = std::make_unique<Environment>(std::move(*environment),
                                               directory, LmdbOptions{},
                                               std::move(lock), false);
  if (auto opened = backend->open_tables(); !opened) return opened.error();
  return std::unique_ptr<LmdbBackend>{std::move(backend)};
}

}  // namespace ppn::store
