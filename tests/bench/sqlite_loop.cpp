// The same entries in SQLite, as a careful program would keep them: write-ahead
// log, synchronous=FULL, a transaction for each batch, each row chained to the
// one before and signed.
#include <sodium.h>
#include <sqlite3.h>

#include <array>
#include <thread>

#include "store/byte_order.hpp"
#include "store/domains.hpp"
#include "store/hash.hpp"
#include "tests/bench/contender.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

/// Below this, starting threads costs more than they sign.
constexpr std::size_t worth_threads = 64;

constexpr const char* tables =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "CREATE TABLE entries(sequence INTEGER PRIMARY KEY, stream TEXT NOT NULL,"
    " stream_version INTEGER NOT NULL, entry BLOB NOT NULL,"
    " signature BLOB NOT NULL);";

struct PendingRow {
  const store::Event* event = nullptr;
  std::uint64_t sequence = 0;
  /// The domain's prefix and the entry.
  Bytes message;
  Signature signature;
};

class SqliteLoop final : public Contender {
 public:
  explicit SqliteLoop(const LoopOptions& options)
      : waiting_(options.waiting), signers_(options.signers) {
    crypto_sign_keypair(public_key_.data(), secret_key_.data());
    auto path = (options.directory / "entries.sqlite").string();
    must(sqlite3_open(path.c_str(), &database_));
    must(sqlite3_exec(database_, tables, nullptr, nullptr, nullptr));
    begin_ = prepare("BEGIN IMMEDIATE");
    insert_ = prepare("INSERT INTO entries VALUES(?,?,?,?,?)");
    commit_ = prepare("COMMIT");
  }

  ~SqliteLoop() override {
    for (auto* statement : {begin_, insert_, commit_})
      sqlite3_finalize(statement);
    sqlite3_close(database_);
  }

  [[nodiscard]] std::string name() const override {
    return "SQLite, signed and chained";
  }

  Round run(std::span<const store::AppendRequest> requests) override {
    return run_batches(requests, waiting_, [&](auto batch) { append(batch); });
  }

 private:
  void append(std::span<const store::AppendRequest> batch) {
    chain(batch);
    sign();
    execute(begin_);
    for (const auto& row : rows_) insert(row);
    execute(commit_);
  }

  void chain(std::span<const store::AppendRequest> batch) {
    rows_.clear();
    auto prefix = store::as_bytes(store::entry_domain.prefix);
    auto clock = read_clock();
    for (const auto& request : batch)
      for (const auto& event : request) {
        auto& row = rows_.emplace_back();
        row.event = &event;
        row.sequence = sequence_++;
        auto entry = store::build_entry(
            builder_, event,
            {row.sequence, prev_, node_, event.expected_version + 1}, clock);
        prev_ = store::leaf_hash(entry);
        row.message.reserve(prefix.size() + entry.size());
        row.message.assign(prefix.begin(), prefix.end());
        row.message.insert(row.message.end(), entry.begin(), entry.end());
      }
  }

  void sign() {
    auto share = rows_.size() < worth_threads
                     ? rows_.size()
                     : (rows_.size() + signers_ - 1) / signers_;
    std::vector<std::jthread> threads;
    for (auto begin = share; begin < rows_.size(); begin += share)
      threads.emplace_back([this, begin, share] { sign(begin, share); });
    sign(0, share);
  }

  void sign(std::size_t begin, std::size_t count) {
    auto end = std::min(begin + count, rows_.size());
    for (auto i = begin; i < end; ++i)
      crypto_sign_detached(rows_[i].signature.bytes.data(), nullptr,
                           rows_[i].message.data(), rows_[i].message.size(),
                           secret_key_.data());
  }

  void insert(const PendingRow& row) {
    const auto& stream = row.event->stream;
    auto entry =
        ByteView{row.message}.subspan(store::entry_domain.prefix.size());
    auto number = [](std::uint64_t value) {
      return static_cast<sqlite3_int64>(value);
    };
    must(sqlite3_bind_int64(insert_, 1, number(row.sequence)));
    must(sqlite3_bind_text(insert_, 2, stream.data(),
                           static_cast<int>(stream.size()), SQLITE_STATIC));
    must(sqlite3_bind_int64(insert_, 3,
                            number(row.event->expected_version + 1)));
    must(sqlite3_bind_blob(insert_, 4, entry.data(),
                           static_cast<int>(entry.size()), SQLITE_STATIC));
    must(sqlite3_bind_blob(insert_, 5, row.signature.bytes.data(),
                           Signature::size, SQLITE_STATIC));
    execute(insert_);
  }

  void execute(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE)
      throw Failure{std::string{"SQLite: "} + sqlite3_errmsg(database_)};
    must(sqlite3_reset(statement));
  }

  sqlite3_stmt* prepare(const char* text) {
    sqlite3_stmt* statement = nullptr;
    must(sqlite3_prepare_v2(database_, text, -1, &statement, nullptr));
    return statement;
  }

  void must(int code) {
    if (code != SQLITE_OK)
      throw Failure{std::string{"SQLite: "} + sqlite3_errmsg(database_)};
  }

  std::size_t waiting_;
  unsigned signers_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key_{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key_{};
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<PendingRow> rows_;
  std::uint64_t sequence_ = 0;
  Hash prev_;
  NodeId node_;
};

}  // namespace

std::unique_ptr<Contender> make_sqlite_loop(const LoopOptions& options) {
  return std::make_unique<SqliteLoop>(options);
}

}  // namespace ppn::bench
