#pragma once

namespace weft {

/// The pages of the program's and its libraries' files that are mapped into this process no longer are. Nearly all of
/// them were only needed to start; the others come back from the page cache as they are touched, some microseconds
/// each. Nothing is lost: only segments that are never written to are meant (madvise(2), MADV_DONTNEED).
void unmap_program_pages();

}  // namespace weft
