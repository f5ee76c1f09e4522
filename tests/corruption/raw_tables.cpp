#include "tests/corruption/raw_tables.hpp"

#include <stdexcept>

#include "store/byte_order.hpp"
#include "store/hash.hpp"

namespace ppn::tests {

namespace {

constexpr std::size_t write_map_bytes = std::size_t{64} << 20U;
constexpr std::size_t read_map_bytes = std::size_t{1} << 30U;
constexpr unsigned tables_max = 16;
/// A damaged database may go round in circles.
constexpr std::size_t pairs_max = 1'000'000;

void must_be_ok(const char* tried, int code) {
  if (code != 0)
    throw std::runtime_error{std::string{tried} + ": " + mdb_strerror(code)};
}

MDB_val to_value(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): LMDB reads it only
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

ByteView to_view(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

Bytes to_bytes(const MDB_val& value) {
  auto view = to_view(value);
  return {view.begin(), view.end()};
}

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

/// Calls `visit` for each pair of a table; what LMDB says in the end.
template <class Visit>
int scan(MDB_txn* transaction, MDB_dbi table, Visit&& visit) {
  MDB_cursor* opened = nullptr;
  if (int code = mdb_cursor_open(transaction, table, &opened); code != 0)
    return code;
  Cursor cursor{opened};
  MDB_val key{};
  MDB_val value{};
  std::size_t pairs = 0;
  int code = mdb_cursor_get(opened, &key, &value, MDB_FIRST);
  while (code == 0) {
    if (++pairs > pairs_max) return MDB_CORRUPTED;
    visit(to_view(key), to_view(value));
    code = mdb_cursor_get(opened, &key, &value, MDB_NEXT);
  }
  return code == MDB_NOTFOUND ? 0 : code;
}

/// Takes in bytes so that no two lists of them give the same hash.
void add(store::Sha256& hash, ByteView bytes) {
  hash.update(store::big_endian(bytes.size())).update(bytes);
}

/// A database opened only to look at it.
class Reader {
 public:
  ~Reader() {
    mdb_txn_abort(transaction_);
    mdb_env_close(environment_);
  }
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool open(const std::filesystem::path& directory) {
    return mdb_env_create(&environment_) == 0 &&
           mdb_env_set_maxdbs(environment_, tables_max) == 0 &&
           mdb_env_set_mapsize(environment_, read_map_bytes) == 0 &&
           mdb_env_open(environment_, directory.c_str(),
                        MDB_RDONLY | MDB_NOLOCK, 0) == 0 &&
           mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction_) == 0;
  }

  std::optional<RawContent> content() {
    RawContent content;
    store::Sha256 hash;
    MDB_dbi root{};
    if (mdb_dbi_open(transaction_, nullptr, 0, &root) != 0) return std::nullopt;
    auto names = scan(transaction_, root,
                      [&](ByteView key, ByteView) { add(hash, key); });
    if (names != 0) return std::nullopt;
    for (auto name : store::table_names) {
      MDB_dbi table{};
      if (mdb_dbi_open(transaction_, std::string{name}.c_str(), 0, &table) != 0)
        return std::nullopt;
      bool is_cache = name == "snapshots";
      add(hash, store::as_bytes(name));
      auto scanned =
          scan(transaction_, table, [&](ByteView key, ByteView value) {
            store::Sha256 snapshot;
            auto& target = is_cache ? snapshot : hash;
            add(target, key);
            add(target, value);
            if (is_cache) content.snapshots.push_back(snapshot.finish());
          });
      if (scanned != 0) return std::nullopt;
    }
    content.pairs = hash.finish();
    return content;
  }

 private:
  MDB_env* environment_ = nullptr;
  MDB_txn* transaction_ = nullptr;
};

}  // namespace

RawTables::RawTables(const std::filesystem::path& directory) {
  MDB_env* environment = nullptr;
  must_be_ok("create an environment", mdb_env_create(&environment));
  environment_.reset(environment);
  must_be_ok("set the tables", mdb_env_set_maxdbs(environment, tables_max));
  must_be_ok("set the map", mdb_env_set_mapsize(environment, write_map_bytes));
  must_be_ok("open the database",
             mdb_env_open(environment, directory.c_str(), MDB_NOLOCK, 0600));
  MDB_txn* transaction = nullptr;
  must_be_ok("begin", mdb_txn_begin(environment, nullptr, 0, &transaction));
  transaction_.reset(transaction);
  for (std::size_t i = 0; i < tables_.size(); ++i)
    must_be_ok(
        "open a table",
        mdb_dbi_open(transaction, std::string{store::table_names[i]}.c_str(), 0,
                     &tables_[i]));
}

Bytes RawTables::get(store::Table table, ByteView key) const {
  auto wanted = to_value(key);
  MDB_val value{};
  must_be_ok("get",
             mdb_get(transaction_.get(), handle(table), &wanted, &value));
  return to_bytes(value);
}

void RawTables::put(store::Table table, ByteView key, ByteView value) {
  auto wanted = to_value(key);
  auto content = to_value(value);
  must_be_ok("put",
             mdb_put(transaction_.get(), handle(table), &wanted, &content, 0));
}

void RawTables::remove(store::Table table, ByteView key) {
  auto wanted = to_value(key);
  must_be_ok("remove",
             mdb_del(transaction_.get(), handle(table), &wanted, nullptr));
}

void RawTables::clear(store::Table table) {
  constexpr int only_empty_it = 0;
  must_be_ok("clear",
             mdb_drop(transaction_.get(), handle(table), only_empty_it));
}

std::vector<Pair> RawTables::all(store::Table table) const {
  std::vector<Pair> pairs;
  must_be_ok("scan", scan(transaction_.get(), handle(table),
                          [&](ByteView key, ByteView value) {
                            pairs.emplace_back(
                                Bytes{key.begin(), key.end()},
                                Bytes{value.begin(), value.end()});
                          }));
  return pairs;
}

void RawTables::put_elsewhere(const std::string& table, ByteView key,
                              ByteView value) {
  MDB_dbi opened{};
  must_be_ok("create a table", mdb_dbi_open(transaction_.get(), table.c_str(),
                                            MDB_CREATE, &opened));
  auto wanted = to_value(key);
  auto content = to_value(value);
  must_be_ok("put", mdb_put(transaction_.get(), opened, &wanted, &content, 0));
}

void RawTables::commit() {
  must_be_ok("commit", mdb_txn_commit(transaction_.release()));
}

std::optional<RawContent> raw_content(const std::filesystem::path& directory) {
  Reader reader;
  if (!reader.open(directory)) return std::nullopt;
  return reader.content();
}

}  // namespace ppn::tests
