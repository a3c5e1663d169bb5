package a.b
import a.c.D
import x.y.*
import x.y.Z as W
/** Doc. */
@Ann
data class K<T>(val a: Int) : Base(a), I {
  companion object {
    const val C = 1
    fun make() = K(1)
  }
  val p: Int
    get() = 1
  constructor(b: String) : this(1) { init() }
  override fun m(x: String): Int {
    foo(x)
    x.bar<Int>(1)
    return 1
  }
}
interface I {
  fun n()
}
object O { fun z() = 1 }
enum class E { A, B }
typealias T = Int
fun String.ext(): Int = 1
val top = 1
