// A backend that keeps everything in memory and lets itself be tampered with.
#pragma once

#include <array>
#include <map>

#include "store/backend.hpp"

namespace ppn::fuzz {

class MemoryBackend final : public store::Backend {
 public:
  using Pairs = std::map<Bytes, Bytes>;
  using Tables = std::array<Pairs, store::table_names.size()>;

  [[nodiscard]] Tables& tables() { return tables_; }
  [[nodiscard]] Pairs& pairs(store::Table table) {
    return tables_[static_cast<std::size_t>(table)];
  }

  store::Result<std::unique_ptr<store::ReadTransaction>> read() override {
    return std::unique_ptr<store::ReadTransaction>{
        std::make_unique<Transaction>(tables_)};
  }
  store::Result<std::unique_ptr<store::WriteTransaction>> write() override {
    return std::unique_ptr<store::WriteTransaction>{
        std::make_unique<Transaction>(tables_)};
  }
  store::Status grow() override { return {}; }
  store::Status check_room(std::uint64_t /*bytes*/) override { return {}; }
  void release_reserve() override {}
  void clear_stale_readers() override {}

 private:
  static Bytes own(ByteView view) { return {view.begin(), view.end()}; }

  /// Works on the tables themselves: nothing here needs to be undone.
  class Transaction final : public store::WriteTransaction {
   public:
    explicit Transaction(Tables& tables) : tables_(tables) {}

    store::Result<ByteView> get(store::Table table, ByteView key) override {
      auto found = of(table).find(own(key));
      if (found == of(table).end()) return missing();
      return ByteView{found->second};
    }
    store::Status scan(
        store::Table table, ByteView from,
        const std::function<bool(const store::KeyValue&)>& visit) override {
      auto& pairs = of(table);
      for (auto pair = pairs.lower_bound(own(from)); pair != pairs.end();
           ++pair)
        if (!visit({pair->first, pair->second})) break;
      return {};
    }
    store::Result<store::KeyValue> last(store::Table table) override {
      return before(of(table), of(table).end());
    }
    store::Result<store::KeyValue> last_below(store::Table table,
                                              ByteView bound) override {
      return before(of(table), of(table).lower_bound(own(bound)));
    }
    store::Result<std::uint64_t> count(store::Table table) override {
      return std::uint64_t{of(table).size()};
    }
    store::Result<std::uint64_t> count_tables() override {
      return std::uint64_t{tables_.size()};
    }
    store::Status append(store::Table table, ByteView key,
                         ByteView value) override {
      auto& pairs = of(table);
      if (!pairs.empty() && pairs.rbegin()->first >= own(key))
        return store::Error{store::ErrorCode::damaged, "the key does not rise"};
      return insert(table, key, value);
    }
    store::Status insert(store::Table table, ByteView key,
                         ByteView value) override {
      if (of(table).emplace(own(key), own(value)).second) return {};
      return store::Error{store::ErrorCode::damaged, "the key is there"};
    }
    store::Status replace(store::Table table, ByteView key,
                          ByteView value) override {
      of(table)[own(key)] = own(value);
      return {};
    }
    store::Status remove(store::Table table, ByteView key) override {
      if (of(table).erase(own(key)) == 0) return missing();
      return {};
    }
    store::Status commit() override { return {}; }

   private:
    static store::Error missing() {
      return {store::ErrorCode::not_found, "it is not there"};
    }
    static store::Result<store::KeyValue> before(const Pairs& pairs,
                                                 Pairs::const_iterator end) {
      if (end == pairs.begin()) return missing();
      --end;
      return store::KeyValue{end->first, end->second};
    }
    Pairs& of(store::Table table) {
      return tables_[static_cast<std::size_t>(table)];
    }

    Tables& tables_;
  };

  Tables tables_;
};

}  // namespace ppn::fuzz
