require 'json'
require_relative "lib/x"
# Doc
module M
  class A < B::C
    include Comparable
    CONST = 1
    attr_accessor :x
    def initialize(a, b: 1)
      @a = foo(a)
      bar a
    end
    def self.make = new(1)
    private def q?; end
  end
end
def top; A.new; end
