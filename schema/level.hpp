// Which entries this program understands.
#pragma once

#include <cstdint>

namespace ppn::schema {

/// Rises by one with every release that adds a kind of event or a field that
/// changes what an event means. An entry says the lowest level that a reader
/// must know; a reader stops at an entry above its own.
inline constexpr std::uint16_t schema_level = 1;

}  // namespace ppn::schema
