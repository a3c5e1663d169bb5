#include "foo.h"
#include <vector>
#define M(x) x
namespace ns { template <typename T> class K : public Base<T> { public: K(); ~K(); int m(int a) const { return g(a); } virtual void v() = 0; }; }
int ns::K::f(int a) { return h(a); }
static int *p(void) { obj->call(1); return 0; }
typedef struct foo { int a; } foo_t;
enum E { A, B };
using T = int;
int decl(int);
