// A tree of pages that is small on disk and has no end for who follows all of
// its references.
#pragma once

#include <filesystem>

#include "store/backend.hpp"

namespace ppn::tests {

/// Puts pages above those of a table in a database file that nobody has open.
/// All references of such a page are to the same page below, so that every pair
/// is met 100^12 times. What is looked up is found as before.
void plant_page_bomb(const std::filesystem::path& database, store::Table table);

}  // namespace ppn::tests
