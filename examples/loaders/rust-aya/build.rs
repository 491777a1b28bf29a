fn main() {
    ksc_build::compile("../ports.ks");
    ksc_build::compile("../../stages.ks");
}
