#include "tests/bench/raw_ledger.hpp"

#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

constexpr std::size_t map_bytes = std::size_t{64} << 30U;

void must(int code, const char* what) {
  if (code != 0)
    throw Failure{std::string{"cannot "} + what + ": " + mdb_strerror(code)};
}

}  // namespace

RawLedger::RawLedger(const store::StateDirectory& directory)
    : environment_(nullptr, mdb_env_close),
      transaction_(nullptr, mdb_txn_abort) {
  MDB_env* environment = nullptr;
  must(mdb_env_create(&environment), "create an environment");
  environment_.reset(environment);
  must(mdb_env_set_maxdbs(environment, 8), "set the number of tables");
  must(mdb_env_set_mapsize(environment, map_bytes), "set the map size");
  must(mdb_env_open(environment, directory.ledger().c_str(),
                    MDB_RDONLY | MDB_NOTLS, 0600),
       "open the environment");
  MDB_txn* transaction = nullptr;
  must(mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction),
       "begin reading");
  transaction_.reset(transaction);
}

MDB_dbi RawLedger::table(store::Table table) const {
  MDB_dbi handle = 0;
  auto name = std::string{store::table_names[static_cast<std::size_t>(table)]};
  must(mdb_dbi_open(transaction(), name.c_str(), 0, &handle), "open a table");
  return handle;
}

std::uint64_t RawLedger::bytes_of(store::Table table) const {
  MDB_stat stat{};
  must(mdb_stat(transaction(), this->table(table), &stat), "look at a table");
  return (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
         std::uint64_t{stat.ms_psize};
}

}  // namespace ppn::bench
