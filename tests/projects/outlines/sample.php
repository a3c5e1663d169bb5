<?php
namespace App\X;
use Foo\Bar;
use Foo\{A, B as C};
require_once 'x.php';
const Q = 1;
/** Doc. */
#[Attr]
final class K extends Base implements I {
  const C = 1;
  private int $x = 2;
  public function __construct(private string $a) { parent::__construct(); }
  public static function make(int $a): self { return new self(foo($a)); }
}
interface I { public function m(); }
trait T { }
enum E: string { case A = 'a'; }
function top($a) { $a->call(); K::make(1); }
