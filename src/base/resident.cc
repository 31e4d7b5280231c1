#include "base/resident.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace weft {

void unmap_program_pages() {
  const auto unmap = [](dl_phdr_info* file, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < file->dlpi_phnum; ++i) {
      const auto& segment = file->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
      const std::uintptr_t begin = (file->dlpi_addr + segment.p_vaddr) & ~(page - 1);
      const std::uintptr_t end = file->dlpi_addr + segment.p_vaddr + segment.p_memsz;
      void* const first = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr): as dlpi_addr is given
      (void)::madvise(first, end - begin, MADV_DONTNEED);
    }
    return 0;
  };
  ::dl_iterate_phdr(unmap, nullptr);
}

}  // namespace weft
