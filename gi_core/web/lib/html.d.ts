declare module "*.html" {
  const page: string;
  export default page;
}
declare module "*.css";
declare module "*?worker" {
  const code: string;
  export default code;
}
