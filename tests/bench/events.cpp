#include "tests/bench/events.hpp"

#include <sodium.h>

#include <ctime>

namespace ppn::bench {

namespace {

std::uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::vector<store::AppendRequest> Events::next(std::size_t count) {
  std::vector<store::AppendRequest> requests(count);
  for (auto& request : requests) request.push_back(source_.next());
  return requests;
}

std::vector<Bytes> records_like(
    std::span<const store::AppendRequest> requests) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<Bytes> records;
  store::Place place;
  randombytes_buf(place.prev.bytes.data(), Hash::size);
  randombytes_buf(place.node.bytes.data(), NodeId::size);
  auto clock = read_clock();
  for (const auto& request : requests)
    for (const auto& event : request) {
      place.stream_version = event.expected_version + 1;
      auto entry = store::build_entry(builder, event, place, clock);
      auto& record = records.emplace_back(entry.begin(), entry.end());
      record.resize(entry.size() + Signature::size);
      randombytes_buf(record.data() + entry.size(), Signature::size);
      place.sequence += 1;
    }
  return records;
}

double mean_size(const std::vector<Bytes>& records) {
  std::size_t total = 0;
  for (const auto& record : records) total += record.size();
  return static_cast<double>(total) / static_cast<double>(records.size());
}

store::ClockReading read_clock() {
  return {static_cast<std::int64_t>(nanoseconds(CLOCK_REALTIME)),
          nanoseconds(CLOCK_BOOTTIME), true};
}

}  // namespace ppn::bench
