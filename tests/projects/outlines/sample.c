/* Doc. */
#include "foo.h"
#include <stdio.h>
#define MOST 3
#define M(x) (x)
struct point { int x; };
typedef struct { int a; } anon_t;
typedef struct foo { int a; } foo_t;
typedef int (*cb_t)(int);
enum color { RED, GREEN };
union u { int a; };
int decl(int);
static int counter = 0;
const char *names[] = {"a"};
extern int ext;
/* Main. */
static inline int *p(void *a, int (*cb)(int)) { obj->call(1); f(a); struct point q; return 0; }
PyObject *
PyFoo(int x)
{
  Foo y(1);
  return 0;
}
