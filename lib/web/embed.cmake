# Writes OUT, a C++ file that holds the site's pages. ESBUILD bundles the modules of SOURCE (the folder web/) into WORK;
# GZIP and BROTLI compress what is served. Without ESBUILD the file holds nothing.
cmake_minimum_required(VERSION 3.22)
set(data "")
set(rows "")
set(count 0)

# Adds a file with its served name; what is served is also compressed.
function(embed name served file imports)
  set(forms "${file}")
  if(NOT served STREQUAL "")
    execute_process(COMMAND ${GZIP} -9 -n -c ${file} OUTPUT_FILE ${file}.gz COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${BROTLI} -q 11 -f -o ${file}.br ${file} COMMAND_ERROR_IS_FATAL ANY)
    list(APPEND forms ${file}.gz ${file}.br)
  endif()
  set(row "      {\"${name}\", \"${served}\"")
  foreach(form ${forms})
    file(READ ${form} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND data "constexpr unsigned char bytes${count}[] = {${bytes}0};\n")
    string(APPEND row ", textOf(bytes${count})")
    math(EXPR count "${count} + 1")
  endforeach()
  if(served STREQUAL "")
    string(APPEND row ", {}, {}")
  endif()
  string(APPEND row ", {${imports}}},\n")
  set(data "${data}" PARENT_SCOPE)
  set(rows "${rows}${row}" PARENT_SCOPE)
  set(count ${count} PARENT_SCOPE)
endfunction()

# Sets `to` to all modules that the output `path` of esbuild imports, as "a", "b".
function(importsOf path to)
  set(found "")
  set(waiting "${path}")
  while(waiting)
    list(POP_FRONT waiting one)
    string(JSON length LENGTH "${meta}" outputs ${one} imports)
    if(length GREATER 0)
      math(EXPR last "${length} - 1")
      foreach(index RANGE ${last})
        string(JSON kind GET "${meta}" outputs ${one} imports ${index} kind)
        string(JSON next GET "${meta}" outputs ${one} imports ${index} path)
        if(kind STREQUAL "import-statement" AND NOT next IN_LIST found)
          list(APPEND found ${next})
          list(APPEND waiting ${next})
        endif()
      endforeach()
    endif()
  endwhile()
  list(TRANSFORM found REPLACE "^.*/(.*)$" "\"\\1\"")
  list(JOIN found ", " found)
  set(${to} "${found}" PARENT_SCOPE)
endfunction()

if(ESBUILD)
  file(REMOVE_RECURSE ${WORK})
  file(GLOB entries RELATIVE ${SOURCE} ${SOURCE}/src/pages/*.js ${SOURCE}/strings/*.js ${SOURCE}/style/app.css
       ${SOURCE}/style/noscript.css
       ${SOURCE}/icon.svg)
  execute_process(
    COMMAND ${ESBUILD} ${entries} --bundle --minify --format=esm --splitting --target=es2022 --charset=utf8
            --loader:.svg=copy --entry-names=[name]-[hash] --chunk-names=part-[hash] --outdir=${WORK}/out
            --metafile=${WORK}/meta.json --log-level=warning --legal-comments=none
            --alias:preact=./vendor/preact.js
    WORKING_DIRECTORY ${SOURCE} COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${WORK}/meta.json meta)
  string(JSON length LENGTH "${meta}" outputs)
  math(EXPR last "${length} - 1")
  foreach(index RANGE ${last})
    string(JSON path MEMBER "${meta}" outputs ${index})
    importsOf(${path} imports)
    get_filename_component(served ${path} NAME)
    string(REGEX REPLACE "-[A-Z0-9]+(\\.[a-z]+)$" "\\1" name ${served})
    embed(${name} ${served} ${WORK}/out/${served} "${imports}")
  endforeach()
  file(GLOB texts ${SOURCE}/pages/*.html ${SOURCE}/strings/*.json)
  foreach(text ${texts})
    get_filename_component(name ${text} NAME)
    embed(${name} "" ${text} "")
  endforeach()
endif()
file(WRITE ${OUT} "#include \"web/assets.hpp\"

namespace video::web {
namespace {

${data}
template <std::size_t size>
std::string_view textOf(const unsigned char (&bytes)[size]) {
  return {reinterpret_cast<const char*>(bytes), size - 1};
}

}  // namespace

const std::vector<Asset>& assets() {
  static const std::vector<Asset> all{
${rows}  };
  return all;
}

}  // namespace video::web
")
