# smac_module(NAME MODULES modules... LIBS libraries... [PROGRAM]): every .c (and .cc) of src/NAME as one target smac_NAME
# that links only the modules named.  The shared library contains all modules but those marked PROGRAM (training, data,
# synthesis, downloads), which the program links statically; only the public symbols are exported.
set_property(GLOBAL PROPERTY SMAC_MODULES "")
function(smac_module name)
  cmake_parse_arguments(R "PROGRAM" "" "MODULES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c ${CMAKE_SOURCE_DIR}/src/${name}/*.cc
       ${CMAKE_SOURCE_DIR}/src/${name}/*/*.c)
  if(NOT sources)
    file(WRITE ${CMAKE_BINARY_DIR}/empty_${name}.c "extern int smac_empty_${name}; int smac_empty_${name};\n")
    set(sources ${CMAKE_BINARY_DIR}/empty_${name}.c)
  endif()
  add_library(smac_${name} STATIC ${sources})
  target_include_directories(smac_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  foreach(module ${R_MODULES})
    target_link_libraries(smac_${name} PUBLIC smac_${module})
  endforeach()
  target_link_libraries(smac_${name} PUBLIC ${R_LIBS})
  if(NOT R_PROGRAM)
    set_property(GLOBAL APPEND PROPERTY SMAC_MODULES ${name})
  endif()
endfunction()

# smac_embed(MODULE FILE VARIABLE ...): src/MODULE/FILE as the text `const char VARIABLE[]`, for each pair.
function(smac_embed module)
  set(code "")
  while(ARGN)
    list(POP_FRONT ARGN file variable)
    set(path ${CMAKE_SOURCE_DIR}/src/${module}/${file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND code "extern const char ${variable}[];\nconst char ${variable}[] = {${bytes}0};\n")
  endwhile()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/embedded_${module}.c CONTENT "${code}" @ONLY)
  target_sources(smac_${module} PRIVATE ${CMAKE_BINARY_DIR}/embedded_${module}.c)
endfunction()

function(smac_library)
  get_property(modules GLOBAL PROPERTY SMAC_MODULES)
  add_library(semanticmac SHARED ${CMAKE_SOURCE_DIR}/cmake/library.c)
  target_include_directories(semanticmac PUBLIC ${CMAKE_SOURCE_DIR}/include)
  foreach(module ${modules})
    target_link_libraries(semanticmac PRIVATE -Wl,--whole-archive smac_${module} -Wl,--no-whole-archive)
  endforeach()
  target_link_options(semanticmac PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/semanticmac.map)
  target_link_options(semanticmac PRIVATE -Wl,-z,nodelete) # its threads sleep in it: dlclose must not unmap the code
  set_target_properties(semanticmac PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
endfunction()

# smac_tests(MODULE): each tests/MODULE/test_*.c is one program that links its module and cmocka; tests/run counts them.
function(smac_tests module)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${module}/test_*.c)
  file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${module}/*.c) # shared by the module's tests
  list(FILTER support_sources EXCLUDE REGEX "/test_[^/]*$")
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${module}_${name} ${source} ${support_sources})
    target_link_libraries(${module}_${name} PRIVATE smac_${module} smac_weights PkgConfig::cmocka)
    target_include_directories(${module}_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_compile_options(${module}_${name} PRIVATE $<$<C_COMPILER_ID:GNU>:-Wno-shadow=local>) # assert_ok has an error of its own
    target_compile_definitions(${module}_${name} PRIVATE SMAC_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SMAC_BINARY_DIR="${CMAKE_BINARY_DIR}")
    set_target_properties(${module}_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/bin)
    if(name MATCHES "^test_(shortage|allocations)$") # tests/support/shortage.h counts allocations of our code, and lets them fail
      target_link_options(${module}_${name} PRIVATE
        -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=strdup,--wrap=free)
    endif()
  endforeach()
endfunction()
