#include "events/acceleration.hpp"

#include "events/image.hpp"

namespace ppn::events {

namespace {

/// QEMU has fewer.
constexpr flatbuffers::uoffset_t tried_max = 16;

}  // namespace

std::string cpu_model_of(std::string_view accelerator) {
  // QEMU shows the host's own by these alone.
  return accelerator == "kvm" || accelerator == "hvf" ? "host" : "max";
}

Decision decide_proved(const Acceleration& recorded, const Acceleration& seen) {
  if (recorded == seen) return std::vector<Draft>{};
  std::vector<Draft> drafts(1);
  drafts[0].stream = pool_stream;
  drafts[0].payload.Set(stored(seen));
  return drafts;
}

Contradiction apply(Acceleration& acceleration,
                    const schema::AcceleratorProved& event) {
  if (event.tried() != nullptr && event.tried()->size() > tried_max)
    return "no QEMU has so many accelerators";
  acceleration = read_acceleration(event);
  return {};
}

schema::AcceleratorProvedT stored(const Acceleration& acceleration) {
  schema::AcceleratorProvedT all;
  all.accelerator = acceleration.accelerator;
  all.qemu = acceleration.qemu;
  all.kernel = acceleration.kernel;
  for (const auto& tried : acceleration.tried) {
    auto& one =
        all.tried.emplace_back(std::make_unique<schema::AcceleratorTriedT>());
    one->name = tried.name;
    one->works = tried.works;
    one->reason = tried.reason;
  }
  return all;
}

Acceleration read_acceleration(const schema::AcceleratorProved& stored) {
  auto text = [](const flatbuffers::String* string) {
    return string == nullptr ? std::string{} : string->str();
  };
  Acceleration acceleration{text(stored.accelerator()),
                            {},
                            text(stored.qemu()),
                            text(stored.kernel())};
  if (stored.tried() == nullptr) return acceleration;
  // All of them may lie at the same bytes, and be far more once they are read.
  for (const auto* tried : *stored.tried()) {
    if (acceleration.tried.size() == tried_max) break;
    acceleration.tried.push_back(
        {tried->name()->str(), tried->works(), text(tried->reason())});
  }
  return acceleration;
}

}  // namespace ppn::events
