# The rooms' walls, as a test.  Called by ctest with ROOT (the checkout) and PURE (the built archives).
#   1  a quoted include stays in its own folder, so rooms meet only in include/zyd
#   2  a pure archive has no undefined symbol of a clock, heap, file, socket, stdio or random source
#   3  a pure archive has no mutable global data
# Run it on a plain build: sanitizers and _FORTIFY_SOURCE add symbols of their own.
# bcmp is what clang makes of memcmp; ntohs and ntohl are what msgpack-c calls without optimization
string(CONCAT ALLOWED "^(memcpy|memmove|memset|memcmp|bcmp|strlen|ntohs|ntohl|_setjmp|longjmp|__stack_chk_fail|"
       "__(u|)(div|mod|divmod)ti[34]|_GLOBAL_OFFSET_TABLE_|zyd_.*|crypto_.*|sodium_.*)$")
file(GLOB_RECURSE src ${ROOT}/node/*.[ch] ${ROOT}/consensus/*.[ch] ${ROOT}/contracts/*.[ch]
     ${ROOT}/net-sim/*.[ch] ${ROOT}/include/*.h)
foreach(f ${src})
  file(STRINGS ${f} bad REGEX "^[ \t]*#[ \t]*include[ \t]*\"[^\"]*/")
  if(bad)
    message(SEND_ERROR "${f}: reaches into another room: ${bad}")
  endif()
endforeach()
foreach(lib ${PURE})
  execute_process(COMMAND nm -u ${lib} OUTPUT_VARIABLE out COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL " U [^\n]+" syms "${out}")
  foreach(s ${syms})
    string(REGEX REPLACE "^ U " "" s "${s}")
    if(NOT s MATCHES "${ALLOWED}")
      message(SEND_ERROR "${lib}: impure symbol ${s}")
    endif()
  endforeach()
  execute_process(COMMAND size -A ${lib} OUTPUT_VARIABLE out COMMAND_ERROR_IS_FATAL ANY)
  if(out MATCHES "\n\\.(data|bss) +[1-9]")
    message(SEND_ERROR "${lib}: mutable global data (.data or .bss is not empty)")
  endif()
endforeach()
