/* weir.h needs nothing before it, and may come twice. */
#include <weir.h>

const size_t weir_header_is_c = sizeof(weir_client_options);
