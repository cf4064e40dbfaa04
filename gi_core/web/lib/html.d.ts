declare module "*.html" {
  const page: string;
  export default page;
}
declare module "*.css";
