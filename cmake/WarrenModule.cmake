if(BUILD_TESTING)
  # Whatever the tests with the label `unit` run: all that tools/check builds with a sanitizer.
  add_custom_target(unit_tests)
endif()

# warren_module(<name> SOURCES <file>... [DEPS <target>...] [TESTS <file>...] [TEST_DEPS <target>...])
#
# Declares one module of src/: the library warren::<name>, its warnings, and a test binary. A module
# may include only its own headers and those of DEPS; tests/repo/layers_test.py enforces it.
# Slashes in a module's path become underscores in its name (provider/local is provider_local).
function(warren_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;TESTS;TEST_DEPS")

  add_library(warren_${name} STATIC ${arg_SOURCES})
  add_library(warren::${name} ALIAS warren_${name})
  target_link_libraries(warren_${name} PUBLIC ${arg_DEPS} PRIVATE warren::warnings)

  if(arg_TESTS AND BUILD_TESTING)
    add_executable(${name}_test ${arg_TESTS})
    target_compile_options(${name}_test PRIVATE "SHELL:-iquote ${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name}_test PRIVATE warren::${name} ${arg_TEST_DEPS} warren::warnings
                                               GTest::gmock_main)
    add_dependencies(unit_tests ${name}_test)
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
                         PROPERTIES LABELS unit)
  endif()
endfunction()
