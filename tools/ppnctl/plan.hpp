// What the next apply changes on the device, as a person reads it.
#pragma once

#include <string>
#include <vector>

namespace ppn::ctl {

std::string device_plan_text(const std::vector<std::string>& changes);

}  // namespace ppn::ctl
