# A folder is a library is a namespace. Sources, tests and headers are found by name:
#
#   x.cc              part of the library
#   x_test.cc         unit test; no root, no network                  label fast
#   x_prop_test.cc    property test (rapidcheck)                      label fast
#   x_fuzz.cc         fuzz entry; outside the fuzz preset a short deterministic run of it is a test, label fast
#   x_etcd_test.cc    needs a real etcd on loopback                   label etcd
#   x_net_test.cc     needs root: makes network namespaces            label net
#
# Fast tests of libraries that do without gRPC have the label fast-lean instead (`ctest -L fast` runs both) and the target
# lean_tests, for `./dev test --asan`.

include(GoogleTest)

# What nearly every source includes, compiled once: without it a file costs twice as much. A source still includes what
# it uses.
set(common_headers <algorithm> <chrono> <expected> <functional> <map> <memory> <optional> <set> <string> <string_view> <variant>
  <vector> <fmt/core.h>)
add_library(precompiled STATIC ${CMAKE_SOURCE_DIR}/src/precompiled.cc)
target_precompile_headers(precompiled PRIVATE ${common_headers})

# Of tests' sources, not of what they test: optimising the many expectations is most of what compiling them takes.
set(test_options -O0)

# module(name [DEPENDS our modules...] [PRIVATE libraries...] [PUBLIC libraries...])
function(module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE;PUBLIC" ${ARGN})
  file(GLOB all CONFIGURE_DEPENDS *.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")

  if(sources)
    add_library(${name} STATIC ${sources})
    set(scope PUBLIC)
    set(private PRIVATE)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
    set(private INTERFACE)
  endif()
  add_library(weft::${name} ALIAS ${name})
  target_include_directories(${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  if(sources)
    target_precompile_headers(${name} REUSE_FROM precompiled)
  endif()
  target_link_libraries(${name} ${scope} ${ARG_DEPENDS} ${ARG_PUBLIC} ${private} ${ARG_PRIVATE})

  set(fast fast-lean)
  foreach(dependency ${name} ${ARG_DEPENDS})
    get_target_property(with_grpc ${dependency} WEFT_GRPC)
    if(dependency STREQUAL store_etcd OR with_grpc)
      set(fast fast)
      set_target_properties(${name} PROPERTIES WEFT_GRPC ON)
    endif()
  endforeach()

  if(WEFT_TESTS)
    module_tests(${name} test ${fast} "${all}" "_(prop|etcd|net)_test\\.cc$")
    module_tests(${name} prop_test ${fast} "${all}" "")
    module_tests(${name} etcd_test etcd "${all}" "")
    module_tests(${name} net_test net "${all}" "")
    module_fuzz(${name} ${fast} "${all}")
  endif()
endfunction()

# One program per module and kind of test.
function(module_tests name kind label all exclude)
  set(files ${all})
  list(FILTER files INCLUDE REGEX "_${kind}\\.cc$")
  if(exclude)
    list(FILTER files EXCLUDE REGEX "${exclude}")
  endif()
  if(NOT files)
    return()
  endif()
  set(target ${name}_${kind})
  add_executable(${target} ${files})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  target_link_libraries(${target} PRIVATE ${name} test_support)
  if(kind STREQUAL "prop_test")
    target_link_libraries(${target} PRIVATE rapidcheck_gtest_for_tests)
  endif()
  target_compile_options(${target} PRIVATE ${test_options})
  target_precompile_headers(${target} REUSE_FROM test_support)
  set(properties LABELS ${label} TIMEOUT 120)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
  add_dependencies(tests ${target})
  if(label STREQUAL fast-lean)
    add_dependencies(lean_tests ${target})
  endif()
endfunction()

function(module_fuzz name label all)
  set(files ${all})
  list(FILTER files INCLUDE REGEX "_fuzz\\.cc$")
  foreach(file ${files})
    get_filename_component(entry ${file} NAME_WE)
    set(target ${name}_${entry})
    add_executable(${target} ${file})
    target_precompile_headers(${target} REUSE_FROM precompiled)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_link_libraries(${target} PRIVATE ${name})
    if(WEFT_FUZZ)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
      target_link_libraries(${target} PRIVATE fuzz_driver)
      add_test(NAME ${target} COMMAND ${target} ${CMAKE_SOURCE_DIR}/test/corpus/${entry})
      set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 60)
    endif()
    add_dependencies(tests ${target})
    add_dependencies(fuzzers ${target})
    if(label STREQUAL fast-lean)
      add_dependencies(lean_tests ${target})
    endif()
  endforeach()
endfunction()

# program(name [STATIC] SOURCES files... DEPENDS our modules...): one of the programs in build/bin.
function(program name)
  cmake_parse_arguments(ARG "STATIC" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} ${ARG_PRIVATE})
  if(ARG_STATIC AND NOT WEFT_SANITIZE)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()

if(WEFT_TESTS)
  find_package(GTest REQUIRED)
  add_custom_target(tests)
  add_custom_target(lean_tests)
  add_custom_target(fuzzers) # what `./dev build fuzz` makes
  add_library(test_support STATIC ${CMAKE_SOURCE_DIR}/test/support.cc)
  target_include_directories(test_support PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(test_support PUBLIC GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_options(test_support PRIVATE ${test_options})
  target_precompile_headers(test_support PRIVATE <gtest/gtest.h> <gmock/gmock.h> <thread> ${common_headers})
  add_library(rapidcheck_gtest_for_tests INTERFACE)
  target_link_libraries(rapidcheck_gtest_for_tests INTERFACE rapidcheck)
  add_library(fuzz_driver STATIC ${CMAKE_SOURCE_DIR}/test/fuzz_driver.cc)
endif()
