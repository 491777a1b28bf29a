fn main() {
    ksc_build::compile("../ports.ks");
}
