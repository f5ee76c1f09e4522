#include "tools/ppnctl/pool_documents.hpp"

#include <algorithm>

#include "tools/ppnctl/fields.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

PoolGuest read_guest(const Json& json, Fields& fields) {
  return {
      .name = fields.text(json, "name"),
      .phase = fields.text(json, "phase"),
      .memory_mb = fields.number(json, "memory_mb"),
      .floor_mb = fields.number(json, "floor_mb"),
      .target_mb = fields.number_or_null(json, "target_mb"),
      .available_mb = fields.number_or_null(json, "available_mb"),
      .resident_mb = fields.number_or_null(json, "resident_mb"),
      .reason = fields.text_or_null(json, "reason"),
      .cpu_weight = fields.number(json, "cpu_weight"),
      .cpu_weight_applied = fields.number_or_null(json, "cpu_weight_applied")};
}

}  // namespace

Result<Pool> read_pool(const Json& document) {
  Fields fields{document, "ppn.pool.v1"};
  Pool pool{.total_mb = fields.number_or_null(document, "total_mb"),
            .available_mb = fields.number_or_null(document, "available_mb"),
            .reserve_mb = fields.number_or_null(document, "reserve_mb"),
            .overhead_mb = fields.number("overhead_mb"),
            .guaranteed_mb = fields.number("guaranteed_mb"),
            .reclaimable_mb = fields.number("reclaimable_mb"),
            .host_is_short = fields.flag(document, "host_is_short"),
            .problem = fields.text_or_null("problem"),
            .vcpus = fields.number("vcpus"),
            .vcpus_max = fields.number("vcpus_max"),
            .guests = fields.number("guests"),
            .guests_max = fields.number("guests_max"),
            .vms = {}};
  for (const auto& guest : fields.array("vms"))
    pool.vms.push_back(read_guest(guest, fields));
  std::sort(
      pool.vms.begin(), pool.vms.end(),
      [](const PoolGuest& a, const PoolGuest& b) { return a.name < b.name; });
  return fields.unless_faulty(std::move(pool));
}

}  // namespace ppn::ctl
